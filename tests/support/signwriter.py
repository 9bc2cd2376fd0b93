"""Write signatures of packages: certificates, PKCS #7 files of JAR signing, and APK Signing Blocks whose fields can lie."""

from __future__ import annotations

import datetime
import zlib
from collections.abc import Iterable
from functools import cache

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import pkcs7

__all__ = ["SCHEME_V2", "SCHEME_V3", "SCHEME_V31", "certificate", "pkcs7_file", "scheme_block", "signing_block"]

SCHEME_V2, SCHEME_V3, SCHEME_V31 = 0x7109871A, 0xF05368C0, 0x1B93AD61
_START = datetime.datetime(2020, 1, 2, 3, 4, 5, tzinfo=datetime.timezone.utc)
_END = datetime.datetime(2050, 1, 2, 3, 4, 5, tzinfo=datetime.timezone.utc)


@cache
def _signed(name: str, issuer: str) -> tuple[x509.Certificate, ec.EllipticCurvePrivateKey]:
    key = ec.generate_private_key(ec.SECP256R1())
    by = key if issuer == name else _signed(issuer, issuer)[1]
    builder = x509.CertificateBuilder(
        _name(issuer), _name(name), key.public_key(), 1 + zlib.crc32(name.encode()), _START, _END
    )
    return builder.sign(by, hashes.SHA256()), key


def _name(common: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, common)])


def certificate(name: str, issuer: str | None = None) -> bytes:
    """A certificate in DER, signed by itself or by an issuer; the same one at every call."""
    return _signed(name, issuer or name)[0].public_bytes(serialization.Encoding.DER)


@cache
def pkcs7_file(name: str, issuer: str | None = None) -> bytes:
    """What ``META-INF/CERT.EC`` holds; with an issuer its certificate is in it too."""
    signer, key = _signed(name, issuer or name)
    builder = pkcs7.PKCS7SignatureBuilder().set_data(b"Signature-Version: 1.0\r\n")
    builder = builder.add_signer(signer, key, hashes.SHA256())
    if issuer is not None:
        builder = builder.add_certificate(_signed(issuer, issuer)[0])
    options = [pkcs7.PKCS7Options.DetachedSignature, pkcs7.PKCS7Options.NoAttributes, pkcs7.PKCS7Options.Binary]
    return builder.sign(serialization.Encoding.DER, options)


def prefixed(data: bytes) -> bytes:
    """A field with its length before it."""
    return len(data).to_bytes(4, "little") + data


def scheme_block(signers: Iterable[Iterable[bytes]]) -> bytes:
    """The value of a v2 or v3 pair: for each signer its chain of certificates."""
    rows = []
    for chain in signers:
        certificates = b"".join(prefixed(der) for der in chain)
        signed = prefixed(prefixed(b"digest")) + prefixed(certificates) + prefixed(b"")
        rows.append(prefixed(prefixed(signed) + prefixed(b"signatures") + prefixed(b"key")))
    return prefixed(b"".join(rows))


def signing_block(
    pairs: Iterable[tuple[int, bytes]], *, size: int | None = None, first_size: int | None = None, padding: int = 0
) -> bytes:
    """The bytes to put before the central directory; ``size`` and ``first_size`` override the two length fields."""
    rows = [(*pair,) for pair in pairs] + ([(0x42726577, bytes(padding))] if padding else [])
    body = b"".join((len(value) + 4).to_bytes(8, "little") + key.to_bytes(4, "little") + value for key, value in rows)
    true = len(body) + 24
    last = true if size is None else size
    head = (last if first_size is None else first_size).to_bytes(8, "little")
    return head + body + last.to_bytes(8, "little") + b"APK Sig Block 42"
