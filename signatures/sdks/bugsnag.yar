// Whole strings of the dex file's string table: the length before, the NUL behind.
rule bugsnag_endpoints
{
    meta:
        target = "dex"
        part = "strings"
    strings:
        $notify = "\x1ahttps://notify.bugsnag.com\x00"
        $sessions = "\x1chttps://sessions.bugsnag.com\x00"
    condition:
        all of them
}
