// The names of the codec interfaces.
rule libvpx_interface
{
    meta:
        target = "elf"
    strings:
        $name = /WebM Project VP[89] (De|En)coder v?[0-9]{1,2}\.[0-9]{1,2}/
    condition:
        $name
}
