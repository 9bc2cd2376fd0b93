rule jiagu_library
{
    meta:
        target = "features"
        kinds = "file library"
    strings:
        $library = /[\n](library |file assets\/)libjiagu(_art|_64|_a64|_x86|_x64)?\.so( @ |\n)/
    condition:
        $library
}

rule jiagu_stub_application
{
    meta:
        target = "features"
        kinds = "class"
    strings:
        $class = "\nclass com.stub.StubApp @ "
        $class_bare = "\nclass com.stub.StubApp\n"
    condition:
        any of them
}

rule jiagu_old_stub_application
{
    meta:
        target = "features"
        kinds = "class"
    strings:
        $class = "\nclass com.qihoo.util.StubApplication @ "
        $class_bare = "\nclass com.qihoo.util.StubApplication\n"
    condition:
        any of them
}

rule protect_class_library
{
    meta:
        target = "features"
        kinds = "file library"
    strings:
        $library = /[\n](library |file assets\/)libprotectClass(_x86)?\.so( @ |\n)/
    condition:
        $library
}
