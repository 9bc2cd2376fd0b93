rule yidun_wrapper_application
{
    meta:
        target = "features"
        kinds = "class"
    strings:
        $class = "\nclass com.netease.nis.wrapper.MyApplication @ "
        $class_bare = "\nclass com.netease.nis.wrapper.MyApplication\n"
    condition:
        any of them
}
