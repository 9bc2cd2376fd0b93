rule bangcle_payload
{
    meta:
        target = "features"
    strings:
        $code = /\nfile assets\/sdkclasses[0-9]{0,2}\.bangcle( @ |\n)/
    condition:
        $code
}

rule secneo_sdk_helper
{
    meta:
        target = "features"
    strings:
        $helper = /\nclass com\.secneo\.sdk\.Helper( @ |\n)/
        $library = /\nlibrary libSdkHelper_sdk\.so( @ |\n)/
    condition:
        any of them
}

rule secneo_wrapper_application
{
    meta:
        target = "features"
    strings:
        $class = /\nclass com\.secneo\.apkwrapper\.(ApplicationWrapper|AW)( @ |\n)/
    condition:
        $class
}

rule bangcle_wrapper_application
{
    meta:
        target = "features"
    strings:
        $secshell = /\nclass com\.secshell\.shellwrapper\.SecAppWrapper( @ |\n)/
        $bangcle = /\nclass com\.bangcle\.protect\.ApplicationWrapper( @ |\n)/
    condition:
        any of them
}
