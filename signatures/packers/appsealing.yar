rule appsealing_library
{
    meta:
        target = "features"
        kinds = "library"
    strings:
        $library = /[\n]library libcovault-appsec\.so( @ |\n)/
    condition:
        $library
}
