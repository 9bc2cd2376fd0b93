rule appsealing_library
{
    meta:
        target = "features"
        kinds = "library"
    strings:
        $library = /\nlibrary libcovault-appsec\.so( @ |\n)/
    condition:
        $library
}
