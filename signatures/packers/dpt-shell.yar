rule dpt_shell_classes
{
    meta:
        target = "features"
        kinds = "class"
    strings:
        $class_1 = "\nclass com.luoyesiqiu.shell.ProxyApplication @ "
        $class_1_bare = "\nclass com.luoyesiqiu.shell.ProxyApplication\n"
        $class_2 = "\nclass com.luoyesiqiu.shell.ProxyComponentFactory @ "
        $class_2_bare = "\nclass com.luoyesiqiu.shell.ProxyComponentFactory\n"
        $class_3 = "\nclass com.luoyesiqiu.shell.JniBridge @ "
        $class_3_bare = "\nclass com.luoyesiqiu.shell.JniBridge\n"
    condition:
        any of them
}

rule dpt_shell_payload
{
    meta:
        target = "features"
        kinds = "file"
    strings:
        $code = /[\n]file assets\/OoooooOooo( @ |\n)/
        $dex = /[\n]file assets\/i11111i111\.zip( @ |\n)/
        $libraries = /[\n]file assets\/vwwwwwvwww\/[A-Za-z0-9._\/-]{1,80}( @ |\n)/
    condition:
        any of them
}
