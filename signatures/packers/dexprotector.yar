rule dexprotector_library
{
    meta:
        target = "features"
        kinds = "library"
    strings:
        $library = /[\n]library libdexprotector(\.[A-Za-z0-9.]{1,40})?\.so( @ |\n)/
    condition:
        $library
}
