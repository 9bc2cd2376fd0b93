// Whole strings of the dex file's string table: the length before, the NUL behind.
rule branch_endpoints
{
    meta:
        target = "dex"
        part = "strings"
    strings:
        $api = "\x16https://api.branch.io/\x00"
        $link = "\x11https://bnc.lt/a/\x00"
    condition:
        all of them
}
