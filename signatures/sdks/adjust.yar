// Whole strings of the dex file's string table: the length before, the NUL behind.
rule adjust_endpoints
{
    meta:
        target = "dex"
        part = "strings"
    strings:
        $app = "\x16https://app.adjust.com\x00"
        $gdpr = "\x17https://gdpr.adjust.com\x00"
    condition:
        all of them
}
