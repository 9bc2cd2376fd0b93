rule apkprotect_library
{
    meta:
        target = "features"
        kinds = "library"
    strings:
        $library = /\nlibrary libAPKProtect[A-Za-z0-9_-]{0,20}\.so( @ |\n)/
    condition:
        $library
}
