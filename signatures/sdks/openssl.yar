// The version text that every build of libcrypto holds (BoringSSL and LibreSSL have none of this form). The first number is kept to few
// digits: YARA-X then looks for them with what stands before.
rule openssl_version
{
    meta:
        target = "elf"
    strings:
        $version = /OpenSSL [0-4]\.[0-9]\.[0-9]{1,2}[a-z]{0,2}([+-][a-z0-9]{2,8})? {1,2}[0-9]{1,2} [A-Z][a-z]{2} (19|20)[0-9]{2}/
    condition:
        $version
}
