rule baidu_protect_library
{
    meta:
        target = "features"
    strings:
        $library = /\n(library |file assets\/)libbaiduprotect\.so( @ |\n)/
    condition:
        $library
}

rule baidu_protect_payload
{
    meta:
        target = "features"
    strings:
        $jar = /\nfile assets\/baiduprotect\.jar( @ |\n)/
    condition:
        $jar
}
