// The licence texts that avcodec_license() and its likes return.
rule ffmpeg_license
{
    meta:
        target = "elf"
    strings:
        $license = /lib(avcodec|avformat|avfilter|avutil|swscale|swresample) license: /
    condition:
        $license
}
