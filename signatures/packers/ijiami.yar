rule ijiami_payload
{
    meta:
        target = "features"
        kinds = "file"
    strings:
        $data = /[\n]file assets\/ijiami\.dat( @ |\n)/
    condition:
        $data
}

rule ijiami_libraries
{
    meta:
        target = "features"
        kinds = "file library"
    strings:
        $loader = /[\n](library |file assets\/[A-Za-z0-9_\/-]{0,40})libexec\.so( @ |\n)/
        $main = /[\n](library |file assets\/[A-Za-z0-9_\/-]{0,40})libexecmain\.so( @ |\n)/
    condition:
        all of them
}

rule ijiami_shell_application
{
    meta:
        target = "features"
        kinds = "class"
    strings:
        $class = "\nclass s.h.e.l.l.S @ "
        $class_bare = "\nclass s.h.e.l.l.S\n"
    condition:
        any of them
}

rule ijiami_old_application
{
    meta:
        target = "features"
        kinds = "class"
    strings:
        $class = "\nclass com.shell.SuperApplication @ "
        $class_bare = "\nclass com.shell.SuperApplication\n"
    condition:
        any of them
}
