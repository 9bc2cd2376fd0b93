rule legu_payload
{
    meta:
        target = "features"
        kinds = "file"
    strings:
        $code = /[\n]file assets\/0OO00l111l1l( @ |\n)/
        $more = /[\n]file assets\/0OO00oo[01]1l1l( @ |\n)/
        $data = /[\n]file assets\/o0oooOO0ooOo\.dat( @ |\n)/
        $version = /[\n]file assets\/tosversion( @ |\n)/
    condition:
        2 of them
}

rule legu_library
{
    meta:
        target = "features"
        kinds = "file library"
    strings:
        $plain = /[\n](library |file assets\/)libshell[ax]-[0-9]{1,3}(\.[0-9]{1,3}){1,3}\.so( @ |\n)/
        $super = /[\n](library |file assets\/)libshellx?-super\.20[0-9]{2}\.so( @ |\n)/
    condition:
        any of them
}

rule legu_proxy_application
{
    meta:
        target = "features"
        kinds = "class"
    strings:
        $class = "\nclass com.wrapper.proxyapplication.WrapperProxyApplication @ "
        $class_bare = "\nclass com.wrapper.proxyapplication.WrapperProxyApplication\n"
    condition:
        any of them
}

rule legu_old_library
{
    meta:
        target = "features"
        kinds = "file library"
    strings:
        $shell = /[\n]library libshell\.so( @ |\n)/
        $code = /[\n]file lib\/armeabi\/mixz?\.dex( @ |\n)/
    condition:
        all of them
}
