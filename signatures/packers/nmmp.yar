rule nmmp_loader
{
    meta:
        target = "features"
        kinds = "class"
    strings:
        $class = "\nclass com.nmmedit.protect.NativeUtil @ "
        $class_bare = "\nclass com.nmmedit.protect.NativeUtil\n"
    condition:
        any of them
}

rule nmmp_interpreter
{
    meta:
        target = "features"
        kinds = "library needed"
    strings:
        $library = /[\n](library|needed) libnmmvm\.so( @ |\n)/
    condition:
        $library
}
