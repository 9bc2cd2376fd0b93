// Whole strings of the dex file's string table: the length before, the NUL behind.
rule amap_location_endpoints
{
    meta:
        target = "dex"
        part = "strings"
    strings:
        $here = "\x27http://apilocate.amap.com/mobile/binary\x00"
        $abroad = "\x2ehttp://abroad.apilocate.amap.com/mobile/binary\x00"
    condition:
        all of them
}
