rule dpt_shell_classes
{
    meta:
        target = "features"
    strings:
        $class = /\nclass com\.luoyesiqiu\.shell\.(ProxyApplication|ProxyComponentFactory|JniBridge)( @ |\n)/
    condition:
        $class
}

rule dpt_shell_payload
{
    meta:
        target = "features"
    strings:
        $code = /\nfile assets\/OoooooOooo( @ |\n)/
        $dex = /\nfile assets\/i11111i111\.zip( @ |\n)/
        $libraries = /\nfile assets\/vwwwwwvwww\/[A-Za-z0-9._\/-]{1,80}( @ |\n)/
    condition:
        any of them
}
