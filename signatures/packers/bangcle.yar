rule bangcle_payload
{
    meta:
        target = "features"
        kinds = "file"
    strings:
        $code = /[\n]file assets\/sdkclasses[0-9]{0,2}\.bangcle( @ |\n)/
    condition:
        $code
}

rule secneo_sdk_helper
{
    meta:
        target = "features"
        kinds = "class library"
    strings:
        $helper = "\nclass com.secneo.sdk.Helper @ "
        $helper_bare = "\nclass com.secneo.sdk.Helper\n"
        $library = /[\n]library libSdkHelper_sdk\.so( @ |\n)/
    condition:
        any of them
}

rule secneo_wrapper_application
{
    meta:
        target = "features"
        kinds = "class"
    strings:
        $class_1 = "\nclass com.secneo.apkwrapper.ApplicationWrapper @ "
        $class_1_bare = "\nclass com.secneo.apkwrapper.ApplicationWrapper\n"
        $class_2 = "\nclass com.secneo.apkwrapper.AW @ "
        $class_2_bare = "\nclass com.secneo.apkwrapper.AW\n"
    condition:
        any of them
}

rule bangcle_wrapper_application
{
    meta:
        target = "features"
        kinds = "class"
    strings:
        $secshell = "\nclass com.secshell.shellwrapper.SecAppWrapper @ "
        $secshell_bare = "\nclass com.secshell.shellwrapper.SecAppWrapper\n"
        $bangcle = "\nclass com.bangcle.protect.ApplicationWrapper @ "
        $bangcle_bare = "\nclass com.bangcle.protect.ApplicationWrapper\n"
    condition:
        any of them
}
