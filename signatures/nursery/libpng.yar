// The version text that png_get_copyright() and its likes return.
rule libpng_version
{
    meta:
        target = "elf"
    strings:
        $version = /libpng version 1\.[0-9]\.[0-9]{1,2} - [A-Z][a-z]{2,8} [0-9]{1,2}, 20[0-9]{2}/
    condition:
        $version
}
