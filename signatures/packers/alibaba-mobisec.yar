rule mobisec_library
{
    meta:
        target = "features"
        kinds = "library"
    strings:
        $library = /[\n]library libmobisec\.so( @ |\n)/
    condition:
        $library
}

rule mobisec_stub_application
{
    meta:
        target = "features"
        kinds = "class"
    strings:
        $stub = "\nclass com.ali.mobisecenhance.StubApplication @ "
        $stub_bare = "\nclass com.ali.mobisecenhance.StubApplication\n"
        $helper = "\nclass com.ali.fixHelper @ "
        $helper_bare = "\nclass com.ali.fixHelper\n"
    condition:
        any of them
}

rule mobisec_payload
{
    meta:
        target = "features"
        kinds = "file"
    strings:
        $data = /[\n]file ([A-Za-z0-9_-]{1,40}\/){0,3}aliprotect\.dat( @ |\n)/
    condition:
        $data
}
