"""The packers that ship: every rule finds what it is for, and nothing that merely looks like it."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

from sdkfp.catalog import Catalog, builtin_directory
from sdkfp.errors import SignatureError
from sdkfp.packers import read_packers
from sdkfp.yara import CompiledRules, Engine, compile_rules

DIRECTORY = builtin_directory() / "packers"
PACKERS = read_packers(DIRECTORY)
ENGINES: list[Engine] = ["yara", "yara-x"] if importlib.util.find_spec("yara_x") else ["yara"]

HITS = [
    ("alibaba-mobisec/mobisec_library", "library libmobisec.so @ a.apk!lib/armeabi/libmobisec.so"),
    ("alibaba-mobisec/mobisec_stub_application", "class com.ali.mobisecenhance.StubApplication @ a.apk!classes.dex"),
    ("alibaba-mobisec/mobisec_stub_application", "class com.ali.fixHelper"),
    ("alibaba-mobisec/mobisec_payload", "file assets/aliprotect.dat"),
    ("alibaba-mobisec/mobisec_payload", "file aliprotect.dat @ a.apk"),
    ("apkprotect/apkprotect_library", "library libAPKProtect.so"),
    ("appsealing/appsealing_library", "library libcovault-appsec.so @ a.apk!lib/arm64-v8a/libcovault-appsec.so"),
    ("baidu-protect/baidu_protect_library", "library libbaiduprotect.so"),
    ("baidu-protect/baidu_protect_payload", "file assets/baiduprotect.jar @ a.apk"),
    ("bangcle/bangcle_payload", "file assets/sdkclasses.bangcle\nfile assets/sdkclasses2.bangcle"),
    ("bangcle/secneo_sdk_helper", "class com.secneo.sdk.Helper @ dji-sdk-4.16.4.aar!classes.jar"),
    ("bangcle/secneo_sdk_helper", "library libSdkHelper_sdk.so"),
    ("bangcle/secneo_wrapper_application", "class com.secneo.apkwrapper.ApplicationWrapper"),
    ("bangcle/secneo_wrapper_application", "class com.secneo.apkwrapper.AW"),
    ("bangcle/bangcle_wrapper_application", "class com.secshell.shellwrapper.SecAppWrapper"),
    ("bangcle/bangcle_wrapper_application", "class com.bangcle.protect.ApplicationWrapper"),
    ("dexprotector/dexprotector_library", "library libdexprotector.so"),
    ("dexprotector/dexprotector_library", "library libdexprotector.2a87st.5101.so"),
    ("dpt-shell/dpt_shell_classes", "class com.luoyesiqiu.shell.ProxyComponentFactory"),
    ("dpt-shell/dpt_shell_payload", "file assets/OoooooOooo @ a.apk"),
    ("dpt-shell/dpt_shell_payload", "file assets/vwwwwwvwww/arm64/libdpt.so"),
    ("ijiami/ijiami_payload", "file assets/ijiami.dat"),
    ("ijiami/ijiami_libraries", "file assets/ijm_lib/armeabi/libexec.so\nlibrary libexecmain.so"),
    ("ijiami/ijiami_shell_application", "class s.h.e.l.l.S @ a.apk!classes.dex"),
    ("ijiami/ijiami_old_application", "class com.shell.SuperApplication"),
    ("netease-yidun/yidun_wrapper_application", "class com.netease.nis.wrapper.MyApplication"),
    ("nmmp/nmmp_loader", "class com.nmmedit.protect.NativeUtil"),
    ("nmmp/nmmp_interpreter", "library libnmmvm.so"),
    ("nmmp/nmmp_interpreter", "needed libnmmvm.so @ a.apk!lib/x86/libnmmp.so"),
    ("qihoo-jiagu/jiagu_library", "file assets/libjiagu.so @ a.apk"),
    ("qihoo-jiagu/jiagu_library", "file assets/libjiagu_x86.so"),
    ("qihoo-jiagu/jiagu_library", "library libjiagu_64.so"),
    ("qihoo-jiagu/jiagu_stub_application", "class com.stub.StubApp @ a.apk!classes.dex"),
    ("qihoo-jiagu/jiagu_old_stub_application", "class com.qihoo.util.StubApplication"),
    ("qihoo-jiagu/protect_class_library", "library libprotectClass.so"),
    ("tencent-legu/legu_payload", "file assets/0OO00l111l1l\nfile assets/tosversion"),
    ("tencent-legu/legu_payload", "file assets/0OO00oo11l1l\nfile assets/o0oooOO0ooOo.dat @ a.apk"),
    ("tencent-legu/legu_library", "library libshella-4.2.0.9.so"),
    ("tencent-legu/legu_library", "library libshell-super.2019.so @ a.apk!lib/armeabi/libshell-super.2019.so"),
    ("tencent-legu/legu_library", "file assets/libshellx-super.2019.so"),
    ("tencent-legu/legu_proxy_application", "class com.wrapper.proxyapplication.WrapperProxyApplication"),
    ("tencent-legu/legu_old_library", "library libshell.so\nfile lib/armeabi/mix.dex"),
]
MISSES = [
    ("a class that is only mentioned", "refers com.stub.StubApp\nrefers com.secneo.sdk.Helper\nrefers s.h.e.l.l.S"),
    ("a longer name", "class com.stub.StubApplication\nclass com.stub.StubApp2\nclass com.stub.StubApp$1"),
    ("another package", "class org.com.stub.StubApp\nclass com.vendor.stub.StubApp\nclass com.shell.SuperApplicationX"),
    ("a name that ends alike", "library notlibjiagu.so\nlibrary libjiagu.so.bak\nlibrary libjiaguhelper.so"),
    ("the name of a folder", "file assets/libjiagu.so/readme.txt\nfile assets/ijiami.dat/a"),
    ("the name as a value", 'metadata NOTE=library libjiagu.so\nconstant a.B.C="class com.stub.StubApp"'),
    ("half of what a rule wants", "file assets/tosversion\nlibrary libshell.so\nlibrary libexec.so"),
    ("a shell of the system", "library libshell-utils.so\nlibrary libshella.so\nlibrary libexecutor.so"),
    (
        "the vendor's other SDKs",
        "class com.netease.nis.captcha.Captcha\nclass com.qihoo.util.Other\nlibrary libsgmain.so",
    ),
    (
        "other letters",
        "file assets/0OO00l111l1\nfile assets/0000000lllll.dex\nfile assets/ooooooOooo\nlibrary libapkprotect.so",
    ),
    (
        "a payload elsewhere",
        "file assets/deep/deeper/deepest/more/aliprotect.dat\nfile lib/baiduprotect.jar\nfile res/sdkclasses.bangcle",
    ),
    (
        "a library that begins alike",
        "library libmobisecurity.so\nlibrary libdexprotectorx.so\nlibrary libcovault.so\nlibrary libnmmvm2.so",
    ),
    (
        "what only has the package",
        "class com.luoyesiqiu.shell.Other\nclass com.nmmedit.protect.NativeUtils\nclass com.secneo.apkwrapper.AWX",
    ),
    (
        "what only has the package, again",
        "class com.wrapper.proxyapplication.Other\nclass com.bangcle.Other\nclass com.ali.fixHelperX",
    ),
    (
        "a class folded into another",
        "class com.secneo.sdk.HelperImpl\nclass com.ali.mobisecenhance.Other\nlibrary libprotectClassX.so",
    ),
]


@pytest.fixture(scope="module", params=ENGINES)
def rules(request: pytest.FixtureRequest) -> CompiledRules:
    return compile_rules(PACKERS.sources, engine=request.param)


def found(rules: CompiledRules, text: str) -> list[str]:
    return [match.name for match in rules.match("features", text.encode(), timeout_s=10)]


@pytest.mark.parametrize(("rule", "text"), HITS)
def test_a_rule_finds_what_it_is_for(rules: CompiledRules, rule: str, text: str) -> None:
    assert found(rules, text) == [rule]


@pytest.mark.parametrize(("why", "text"), MISSES)
def test_a_rule_finds_nothing_that_only_looks_like_it(rules: CompiledRules, why: str, text: str) -> None:
    assert found(rules, text) == [], why


def test_no_listing_of_an_sdk_looks_packed(rules: CompiledRules) -> None:
    texts = [
        example.features for signature in Catalog.load(cache=False) for example in (*signature.match, *signature.miss)
    ]
    assert len(texts) > 300
    assert found(rules, "\n".join(texts)) == []


def test_every_rule_has_a_hit_and_a_reason() -> None:
    names = {f"{packer.id}/{rule.name}" for packer in PACKERS.packers.values() for rule in packer.rules}
    assert names == set(compile_rules(PACKERS.sources).names("features"))
    assert names == {rule for rule, _ in HITS}
    for packer in PACKERS.packers.values():
        assert packer.name_en
        assert packer.vendor
        assert all(rule.why and rule.source.startswith(("https://", "pkg:")) for rule in packer.rules)


def test_packers_read_the_features_only() -> None:
    assert compile_rules(PACKERS.sources).targets == ("features",)


def test_mistakes_in_the_index_name_file_line_and_column(tmp_path: Path) -> None:
    (tmp_path / "packers.yaml").write_text(
        "a-shell:\n"
        "  name: {en: A shell, fr: Une coque}\n"
        "  rules:\n"
        "    found: {why: it is so, source: hearsay}\n"
        "    bare: {why: it is so}\n"
    )
    (tmp_path / "other.yar").write_text("")
    with pytest.raises(SignatureError) as error:
        read_packers(tmp_path)
    assert [str(issue).removeprefix(f"{tmp_path}/") for issue in error.value.issues] == [
        "packers.yaml:2:3: the key 'vendor' is missing",
        "packers.yaml:2:23: unknown key 'fr'",
        "packers.yaml:4:36: 'hearsay' is neither a URL nor a package URL",
        "packers.yaml:5:11: the key 'source' is missing",
        "packers.yaml:2:3: a-shell.yar cannot be read: No such file or directory",
        "other.yar:1:1: has no entry in packers.yaml",
    ]


def test_a_directory_without_an_index_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(SignatureError, match=r"packers\.yaml:1:1: cannot be read"):
        read_packers(tmp_path)
