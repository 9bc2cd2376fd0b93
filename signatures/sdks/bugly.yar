// Whole strings of the dex file's string table: the length before, the NUL behind.
rule bugly_endpoint
{
    meta:
        target = "dex"
        part = "strings"
    strings:
        $new = "\x26https://android.bugly.qq.com/rqd/async\x00"
        $old = "\x25http://android.bugly.qq.com/rqd/async\x00"
    condition:
        any of them
}
