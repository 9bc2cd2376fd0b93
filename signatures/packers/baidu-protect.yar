rule baidu_protect_library
{
    meta:
        target = "features"
        kinds = "file library"
    strings:
        $library = /[\n](library |file assets\/)libbaiduprotect\.so( @ |\n)/
    condition:
        $library
}

rule baidu_protect_payload
{
    meta:
        target = "features"
        kinds = "file"
    strings:
        $jar = /[\n]file assets\/baiduprotect\.jar( @ |\n)/
    condition:
        $jar
}
