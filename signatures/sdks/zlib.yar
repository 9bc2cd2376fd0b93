// The copyright texts of the compressor and the decompressor.
rule zlib_copyright
{
    meta:
        target = "elf"
    strings:
        $version = / (de|in)flate 1\.[0-9]{1,2}(\.[0-9]{1,2}){0,2} Copyright 1995-(19|20)[0-9]{2} /
    condition:
        $version
}
