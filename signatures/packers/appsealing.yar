rule appsealing_library
{
    meta:
        target = "features"
    strings:
        $library = /\nlibrary libcovault-appsec\.so( @ |\n)/
    condition:
        $library
}
