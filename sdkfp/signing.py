"""Who signed a package: the certificates that its signatures name. No signature is verified.

Sources: Android's "APK Signature Scheme v2" and "v3" (https://source.android.com/docs/security/features/apksigning) for the
APK Signing Block before the central directory, RFC 5652 for the PKCS #7 files of JAR signing (v1), RFC 5280 for certificates.
"""

from __future__ import annotations

import hashlib
import struct
import warnings
from collections.abc import Iterator
from dataclasses import dataclass

from sdkfp.container import Container, ContainerKind, Entry, EntryError
from sdkfp.errors import NotExamined

__all__ = ["Certificate", "Signer", "describe_certificate", "read_signers"]

_MAGIC = b"APK Sig Block 42"
_FOOTER = struct.Struct("<Q16s")
_MOST_BLOCK = 32 << 20
"""Bytes of a signing block; those of real apps have some kilobytes and padding."""
_SCHEMES = {0x7109871A: "v2", 0xF05368C0: "v3", 0x1B93AD61: "v3.1"}
_V1_SUFFIXES = (".RSA", ".DSA", ".EC")
_MOST_V1_FILES = 16
_LONGEST_V1 = 1 << 20
_MOST_SIGNERS = 16
"""Of one scheme: Android takes ten."""
_SIGNED_DATA = bytes.fromhex("06092a864886f70d010702")
"""The object identifier of SignedData, encoded."""
_SEQUENCE, _SET, _INTEGER, _CONTEXT_0 = 0x30, 0x31, 0x02, 0xA0
_BUNDLES = (ContainerKind.XAPK, ContainerKind.APKM, ContainerKind.APKS)


@dataclass(frozen=True, slots=True)
class Signer:
    """One signer of one package."""

    scheme: str
    """``v1``, ``v2``, ``v3`` or ``v3.1``."""
    location: str
    """The package, or the file of a v1 signature."""
    certificate: bytes
    """Of the signer, in DER."""


@dataclass(frozen=True, slots=True)
class Certificate:
    """What a certificate says about itself."""

    sha256: str
    """Of the DER form, hexadecimal; what ``apksigner verify --print-certs`` calls the certificate's SHA-256 digest."""
    sha1: str
    subject: str | None
    """As RFC 4514 writes it; ``None`` where the certificate cannot be read."""
    not_before: str | None
    """``YYYY-MM-DDTHH:MM:SSZ``."""
    not_after: str | None


class _MalformedError(Exception):
    """A structure does not hold together; the text goes into the note."""


def read_signers(container: Container) -> tuple[tuple[Signer, ...], tuple[NotExamined, ...]]:
    """The signers of a package and, of a bundle of APKs, those of the base and the splits."""
    packages = [container]
    if container.kind in _BUNDLES:
        packages += [part for _, part in container.parts]
    signers: list[Signer] = []
    notes: list[NotExamined] = []
    for package in packages:
        signers += _block_signers(package, notes)
        signers += _v1_signers(package, notes)
    return tuple(signers), tuple(notes)


def describe_certificate(der: bytes) -> Certificate:
    """Digests, subject and validity of a certificate."""
    from cryptography import x509  # noqa: PLC0415 - only where a package is signed

    sha256, sha1 = hashlib.sha256(der).hexdigest(), hashlib.sha1(der, usedforsecurity=False).hexdigest()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # old certificates break rules that newer ones have to keep
            found = x509.load_der_x509_certificate(der)
            subject = found.subject.rfc4514_string({x509.NameOID.EMAIL_ADDRESS: "EMAILADDRESS"})
            validity = [
                moment.strftime("%Y-%m-%dT%H:%M:%SZ")
                for moment in (found.not_valid_before_utc, found.not_valid_after_utc)
            ]
    except Exception:  # the library has errors of many kinds for a certificate that is wrong
        return Certificate(sha256, sha1, None, None, None)
    return Certificate(sha256, sha1, subject, validity[0], validity[1])


# --- APK Signing Block -----------------------------------------------------------------------------------------------------


def _block_signers(package: Container, notes: list[NotExamined]) -> list[Signer]:
    try:
        block = _signing_block(package)
        found = []
        for key, value in _pairs(block):
            if key in _SCHEMES:
                found += [Signer(_SCHEMES[key], package.location, der) for der in _signer_certificates(value)]
    except _MalformedError as error:
        reason = f"the signing block of {package.location} cannot be read: {error}"
        notes.append(NotExamined(package.location, "signature-malformed", reason))
        return []
    return found


def _signing_block(package: Container) -> memoryview:
    """The ID-value pairs of the signing block; empty where there is none."""
    footer = package.before_directory(_FOOTER.size)
    if len(footer) < _FOOTER.size:
        return memoryview(b"")
    size, magic = _FOOTER.unpack(footer)
    if magic != _MAGIC:
        return memoryview(b"")
    if not _FOOTER.size <= size <= _MOST_BLOCK:
        raise _MalformedError(f"it has {size} bytes")
    block = package.before_directory(size + 8)
    if len(block) != size + 8 or int.from_bytes(block[:8], "little") != size:
        raise _MalformedError("its two sizes differ")
    return memoryview(block)[8 : -_FOOTER.size]


def _pairs(block: memoryview) -> Iterator[tuple[int, memoryview]]:
    while len(block) >= 12:
        length = int.from_bytes(block[:8], "little")
        if not 4 <= length <= len(block) - 8:
            raise _MalformedError("a pair reaches beyond it")
        yield int.from_bytes(block[8:12], "little"), block[12 : 8 + length]
        block = block[8 + length :]


def _signer_certificates(value: memoryview) -> Iterator[bytes]:
    """The first certificate of each signer: that of the key that signed."""
    signers, _ = _prefixed(value)
    count = 0
    while signers and count < _MOST_SIGNERS:
        signer, signers = _prefixed(signers)
        signed_data, _ = _prefixed(signer)
        _, rest = _prefixed(signed_data)  # the digests
        certificates, _ = _prefixed(rest)
        if certificates:
            yield bytes(_prefixed(certificates)[0])
        count += 1


def _prefixed(data: memoryview) -> tuple[memoryview, memoryview]:
    """The field at the start, which has its length before it, and what follows."""
    if len(data) < 4:
        raise _MalformedError("a field is cut short")
    length = int.from_bytes(data[:4], "little")
    if length > len(data) - 4:
        raise _MalformedError("a field reaches beyond it")
    return data[4 : 4 + length], data[4 + length :]


# --- JAR signing (v1) ------------------------------------------------------------------------------------------------------


def _v1_signers(package: Container, notes: list[NotExamined]) -> Iterator[Signer]:
    files = [entry for name, entry in package.entries.items() if _is_v1(name)]
    for entry in files[:_MOST_V1_FILES]:
        yield from (Signer("v1", entry.location, der) for der in _v1_certificates(entry, notes))


def _is_v1(name: str) -> bool:
    folder, _, file = name.rpartition("/")
    return folder == "META-INF" and file.upper().endswith(_V1_SUFFIXES)


def _v1_certificates(entry: Entry, notes: list[NotExamined]) -> list[bytes]:
    try:
        if entry.size > _LONGEST_V1:
            raise _MalformedError(f"it has {entry.size} bytes")
        return _pkcs7_certificates(entry.read())
    except _MalformedError as error:
        reason = f"the signature {entry.location} cannot be read: {error}"
        notes.append(NotExamined(entry.location, "signature-malformed", reason))
    except EntryError:  # the container has noted it
        pass
    return []


def _pkcs7_certificates(data: bytes) -> list[bytes]:
    """The certificate of each signer of a SignedData: the one with the issuer and the serial number that the signer names."""
    content = _children(_child(data, 0, _SEQUENCE))
    if len(content) < 2 or content[0].whole != _SIGNED_DATA or content[1].tag != _CONTEXT_0:
        raise _MalformedError("it is no PKCS #7 SignedData")
    parts = _children(_child(content[1].content, 0, _SEQUENCE))
    if not parts:
        raise _MalformedError("it is empty")
    certificates = [
        c for part in parts if part.tag == _CONTEXT_0 for c in _children(part.content) if c.tag == _SEQUENCE
    ]
    signers = [signer for signer in _children(parts[-1].content)[:_MOST_SIGNERS] if parts[-1].tag == _SET]
    known = {_issuer_and_serial(certificate.content): certificate.whole for certificate in certificates[:_MOST_SIGNERS]}
    wanted = [b"".join(c.whole for c in _children(_child(signer.content, 1, _SEQUENCE))) for signer in signers]
    found = [known[name] for name in wanted if name in known]
    if not found:
        raise _MalformedError("the certificate of its signer is not in it")
    return found


def _issuer_and_serial(certificate: bytes) -> bytes:
    """Issuer and serial number of a certificate, encoded, in the order in which a signer names them."""
    fields = _children(_child(certificate, 0, _SEQUENCE))
    fields = fields[1:] if fields and fields[0].tag == _CONTEXT_0 else fields  # the version may be left out
    if len(fields) < 3 or fields[0].tag != _INTEGER or fields[2].tag != _SEQUENCE:
        raise _MalformedError("a certificate has no issuer or no serial number")
    return fields[2].whole + fields[0].whole


@dataclass(frozen=True, slots=True)
class _Der:
    """One encoded value."""

    tag: int
    content: bytes
    whole: bytes


def _child(data: bytes, index: int, tag: int) -> bytes:
    found = _children(data)
    if index >= len(found) or found[index].tag != tag:
        raise _MalformedError("its structure is not that of a signature")
    return found[index].content


def _children(data: bytes) -> list[_Der]:
    """The values that follow one another in some data (DER: tags of one byte, definite lengths)."""
    found: list[_Der] = []
    at = 0
    while at < len(data):
        first = data[at + 1] if at + 1 < len(data) else 0x80
        begin = at + 2 + (first & 0x7F if first > 0x80 else 0)
        length = int.from_bytes(data[at + 2 : begin], "big") if first > 0x80 else first
        if first == 0x80 or begin + length > len(data):
            raise _MalformedError("its encoding is not DER or is cut short")
        found.append(_Der(data[at], data[begin : begin + length], data[at : begin + length]))
        at = begin + length
    return found
