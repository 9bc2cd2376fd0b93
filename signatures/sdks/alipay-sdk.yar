// Whole strings of the dex file's string table: the length before, the NUL behind.
rule alipay_endpoints
{
    meta:
        target = "dex"
        part = "strings"
    strings:
        $log = "\x21https://mcgw.alipay.com/sdklog.do\x00"
        $gateway = "\x23https://mobilegw.alipay.com/mgw.htm\x00"
    condition:
        all of them
}
