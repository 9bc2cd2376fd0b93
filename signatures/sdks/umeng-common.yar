// Whole strings of the dex file's string table: the length before, the NUL behind.
rule umeng_endpoints
{
    meta:
        target = "dex"
        part = "strings"
    strings:
        $logs = "\x17https://ulogs.umeng.com\x00"
        $unify = "\x22https://ulogs.umeng.com/unify_logs\x00"
        $location = "\x19https://plbslog.umeng.com\x00"
        $cloud = "\x1chttps://ulogs.umengcloud.com\x00"
    condition:
        ($logs or $unify) and ($location or $cloud)
}
