"""Who signed a package: certificates of real and of written packages, and signatures that lie."""

from __future__ import annotations

import hashlib
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support import realapps
from support.axmlwriter import manifest
from support.signwriter import (
    SCHEME_V2,
    SCHEME_V3,
    SCHEME_V31,
    certificate,
    pkcs7_file,
    scheme_block,
    signing_block,
)
from support.zipwriter import build_zip

import sdkfp
from sdkfp.container import open_container
from sdkfp.report import CertificateRecord
from sdkfp.signing import Signer, describe_certificate, read_signers

APK = {"AndroidManifest.xml": manifest("com.maker.app")}


def signers_of(data: bytes) -> tuple[list[tuple[str, str, bytes]], list[str]]:
    with open_container(data, name="a.apk") as container:
        signers, notes = read_signers(container)
        codes = [note.code for note in (*notes, *container.not_examined)]
    return [(signer.scheme, signer.location, signer.certificate) for signer in signers], codes


def certificates_of(data: bytes) -> tuple[CertificateRecord, ...]:
    return sdkfp.scan(data, name="a.apk").app.certificates


def test_every_scheme_is_read() -> None:
    one, two, old = certificate("one"), certificate("two", issuer="root"), certificate("old")
    block = signing_block(
        [
            (SCHEME_V2, scheme_block([[old]])),
            (SCHEME_V3, scheme_block([[one], [two, certificate("root")]])),
            (SCHEME_V31, scheme_block([[one]])),
            (0x12345678, b"something else"),
        ],
        padding=4000,
    )
    data = build_zip({**APK, "META-INF/CERT.EC": pkcs7_file("old"), "META-INF/CERT.SF": b""}, before_directory=block)
    found, codes = signers_of(data)
    assert found == [
        ("v2", "a.apk", old),
        ("v3", "a.apk", one),
        ("v3", "a.apk", two),
        ("v3.1", "a.apk", one),
        ("v1", "a.apk!META-INF/CERT.EC", old),
    ]
    assert codes == []
    records = {record.subject: record for record in certificates_of(data)}
    assert set(records) == {"CN=one", "CN=two", "CN=old"}
    assert records["CN=old"] == CertificateRecord(
        hashlib.sha256(old).hexdigest(),
        hashlib.sha1(old).hexdigest(),
        "CN=old",
        "2020-01-02T03:04:05Z",
        "2050-01-02T03:04:05Z",
        ("v1", "v2"),
        ("a.apk", "a.apk!META-INF/CERT.EC"),
    )
    assert records["CN=one"].schemes == ("v3", "v3.1")


def test_the_signer_of_a_chain_is_its_leaf_wherever_it_stands() -> None:
    for names in (("leaf", "authority"), ("a leaf", "z authority"), ("z leaf", "a authority")):
        data = build_zip({**APK, "META-INF/X.RSA": pkcs7_file(names[0], issuer=names[1])})
        (found,), codes = signers_of(data)
        assert (found[2], codes) == (certificate(names[0], issuer=names[1]), [])


def test_a_package_without_a_signature_has_no_certificate() -> None:
    assert signers_of(build_zip(APK)) == ([], [])
    assert signers_of(build_zip(APK, before_directory=b"x" * 100)) == ([], [])
    assert certificates_of(build_zip(APK)) == ()


def test_the_splits_of_a_bundle_are_read_and_apps_in_assets_are_not() -> None:
    base = build_zip(APK, before_directory=signing_block([(SCHEME_V2, scheme_block([[certificate("one")]]))]))
    other = build_zip(APK, before_directory=signing_block([(SCHEME_V2, scheme_block([[certificate("two")]]))]))
    with open_container(
        build_zip({"manifest.json": b"{}", "base.apk": base, "split.apk": other}), name="a.xapk"
    ) as xapk:
        assert [(s.location, s.certificate) for s in read_signers(xapk)[0]] == [
            ("a.xapk!base.apk", certificate("one")),
            ("a.xapk!split.apk", certificate("two")),
        ]
    outer = build_zip({**APK, "assets/other.apk": other})
    assert signers_of(outer) == ([], [])


# --- What lies -------------------------------------------------------------------------------------------------------------

GOOD = scheme_block([[certificate("one")]])


@pytest.mark.parametrize(
    "block",
    [
        signing_block([(SCHEME_V2, GOOD)], first_size=99),
        signing_block([(SCHEME_V2, GOOD)], size=1 << 60),
        signing_block([(SCHEME_V2, GOOD)], size=8),
        signing_block([(SCHEME_V2, GOOD)], size=100_000),
        signing_block([(SCHEME_V2, GOOD[:-20])]),
        signing_block([(SCHEME_V2, b"\xff\xff\xff\xff" + GOOD[4:])]),
        signing_block([(SCHEME_V3, b"\1")]),
        signing_block([(SCHEME_V3, b"")]),
    ],
)
def test_a_signing_block_that_lies_is_a_note(block: bytes) -> None:
    found, codes = signers_of(build_zip(APK, before_directory=block))
    assert (found, codes) == ([], ["signature-malformed"])
    report = sdkfp.scan(build_zip(APK, before_directory=block), name="a.apk")
    assert report.app.package == "com.maker.app"
    assert [note.location for note in report.not_examined] == ["a.apk"]


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x30",
        b"\x30\x80" + bytes(40),
        b"\x30\x84\xff\xff\xff\xff" + bytes(40),
        b"\x30\x0b" + bytes.fromhex("06092a864886f70d010702"),
        pkcs7_file("one")[:-1],
        pkcs7_file("one").replace(bytes.fromhex("2a864886f70d010702"), bytes.fromhex("2a864886f70d010703")),
        b"-----BEGIN PKCS7-----\n",
        bytes((1 << 20) + 1),
    ],
)
def test_a_v1_signature_that_is_none_is_a_note(data: bytes) -> None:
    found, codes = signers_of(build_zip({**APK, "META-INF/CERT.RSA": data}))
    assert (found, codes) == ([], ["signature-malformed"])


def test_the_signers_that_are_read_are_bounded() -> None:
    many = scheme_block([[certificate("one")]] * 5000)
    found, _ = signers_of(build_zip(APK, before_directory=signing_block([(SCHEME_V2, many)])))
    assert len(found) == 16
    found, _ = signers_of(build_zip({**APK, **{f"META-INF/{n}.RSA": pkcs7_file("one") for n in range(99)}}))
    assert len(found) == 16


def test_a_certificate_that_cannot_be_read_keeps_its_digest() -> None:
    known = describe_certificate(b"not a certificate")
    assert known.sha256 == hashlib.sha256(b"not a certificate").hexdigest()
    assert (known.subject, known.not_before, known.not_after) == (None, None, None)


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_any_damage_gives_signers_or_a_note(data: st.DataObject) -> None:
    whole = bytearray(signing_block([(SCHEME_V2, GOOD), (SCHEME_V3, GOOD)]))
    pkcs7 = bytearray(pkcs7_file("leaf", issuer="authority"))
    for victim in (whole, pkcs7):
        for _ in range(data.draw(st.integers(0, 4))):
            victim[data.draw(st.integers(0, len(victim) - 1))] = data.draw(st.integers(0, 255))
    package = build_zip({**APK, "META-INF/A.EC": bytes(pkcs7)}, before_directory=bytes(whole))
    with open_container(package, name="a.apk") as container:
        signers, _ = read_signers(container)
    for signer in signers:
        assert isinstance(signer, Signer)
        describe_certificate(signer.certificate)


# --- Real packages ---------------------------------------------------------------------------------------------------------


@pytest.mark.network
@pytest.mark.oracle
@pytest.mark.parametrize("key", realapps.keys("apk"))
def test_apksigner_names_the_same_certificates(key: str, real_app: Callable[[str], Path]) -> None:
    program = shutil.which("apksigner")
    if program is None:
        pytest.skip("apksigner is not installed")
    path = real_app(key)
    command = [program, "verify", "--print-certs"]
    done = subprocess.run([*command, str(path)], check=False, capture_output=True, text=True)
    if done.returncode:  # one app is signed for Android 7 and later only, and its manifest does not say so
        done = subprocess.run([*command, "--min-sdk-version", "24", path], check=True, capture_output=True, text=True)
    wanted = set(re.findall(r"certificate SHA-256 digest: (\w+)", done.stdout))
    assert wanted
    with open_container(path) as container:
        signers, notes = read_signers(container)
    found = {describe_certificate(signer.certificate).sha256 for signer in signers}
    assert found == wanted
    assert notes == ()
