rule dexprotector_library
{
    meta:
        target = "features"
    strings:
        $library = /\nlibrary libdexprotector(\.[A-Za-z0-9.]{1,40})?\.so( @ |\n)/
    condition:
        $library
}
