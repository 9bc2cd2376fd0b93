rule apkprotect_library
{
    meta:
        target = "features"
        kinds = "library"
    strings:
        $library = /[\n]library libAPKProtect[A-Za-z0-9_-]{0,20}\.so( @ |\n)/
    condition:
        $library
}
