"""Compiling and running rules, on both engines; what is wrong names file and line."""

from __future__ import annotations

import importlib.util
import time
import warnings

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sdkfp.errors import CatalogError, SignatureError, SignatureIssue
from sdkfp.features import Feature, Kind
from sdkfp.yara import (
    CompiledRules,
    Engine,
    RuleMatch,
    RuleSource,
    StringHit,
    YaraTimeoutError,
    compile_rules,
    yara_column,
)

ENGINES: list[Engine] = ["yara", "yara-x"] if importlib.util.find_spec("yara_x") else ["yara"]

ENDPOINT = """rule endpoint : network weak
{
    meta:
        target = "dex"
        grade = 2
        rename_proof = true
    strings:
        $url = "https://api.vendor.example/v1"
        $key = "X-Vendor-Key"
    condition:
        all of them
}

rule banner
{
    meta:
        target = "elf"
    strings:
        $banner = /Vendor engine \\d{1,2}\\.\\d{1,2}/
    condition:
        $banner
}
"""
LISTED = r"""private rule named
{
    strings:
        $class = /\nclass com\.vendor\.x\.Y( @ |\n)/
    condition:
        $class
}

rule listed
{
    meta:
        target = "features"
        kinds = "class library"
    strings:
        $library = /\nlibrary libvendor\.so( @ |\n)/
    condition:
        $library or named
}
"""
SOURCES = [RuleSource("vendor-x", "sdks/vendor-x.yar", ENDPOINT), RuleSource("vendor-y", "sdks/vendor-y.yar", LISTED)]


@pytest.fixture(params=ENGINES)
def rules(request: pytest.FixtureRequest) -> CompiledRules:
    return compile_rules(SOURCES, engine=request.param)


def names(matches: list[RuleMatch]) -> list[str]:
    return [match.name for match in matches]


def test_a_match_carries_rule_tags_meta_and_strings_with_offsets(rules: CompiledRules) -> None:
    data = b"..https://api.vendor.example/v1..X-Vendor-Key.."
    (match,) = rules.match("dex", data, timeout_s=5)
    assert (match.namespace, match.rule, match.name) == ("vendor-x", "endpoint", "vendor-x/endpoint")
    assert (match.tags, dict(match.meta)) == (("network", "weak"), {"target": "dex", "grade": 2, "rename_proof": True})
    assert match.strings == (
        StringHit(2, "$url", b"https://api.vendor.example/v1"),
        StringHit(33, "$key", b"X-Vendor-Key"),
    )


def test_a_rule_reads_its_own_target_only(rules: CompiledRules) -> None:
    data = b"https://api.vendor.example/v1 X-Vendor-Key Vendor engine 1.2 \nlibrary libvendor.so\n"
    assert rules.targets == ("dex", "elf", "features")
    assert {target: names(rules.match(target, data, timeout_s=5)) for target in ("dex", "elf", "file", "features")} == {
        "dex": ["vendor-x/endpoint"],
        "elf": ["vendor-x/banner"],
        "file": [],
        "features": ["vendor-y/listed"],
    }
    assert rules.names("dex") == ("vendor-x/endpoint",)
    assert rules.names("file") == ()


@pytest.mark.parametrize(
    ("text", "hit"),
    [
        ("library libvendor.so", StringHit(0, "$library", b"library libvendor.so")),
        (
            "library libvendor.so @ a.apk!lib/x86/libvendor.so\nclass a.B\n",
            StringHit(0, "$library", b"library libvendor.so @ a.apk!lib/x86/libvendor.so"),
        ),
        ("class a.B\nlibrary libvendor.so\n", StringHit(10, "$library", b"library libvendor.so")),
        ("library libvendor.so.1\n", None),
        ("library libvendor.sox @ a.apk\n", None),
        ("file library libvendor.so\n", None),
        ("metadata K=library libvendor.so\n", None),
    ],
)
def test_a_rule_on_features_is_anchored_to_whole_lines(rules: CompiledRules, text: str, hit: StringHit | None) -> None:
    found = rules.match("features", text.encode(), timeout_s=5)
    assert [match.strings for match in found] == ([(hit,)] if hit else [])


def test_a_private_rule_helps_and_is_not_reported(rules: CompiledRules) -> None:
    assert names(rules.match("features", b"class com.vendor.x.Y @ a.apk!classes.dex\n", timeout_s=5)) == [
        "vendor-y/listed"
    ]


def test_matches_are_features(rules: CompiledRules) -> None:
    matches = rules.match("elf", b"Vendor engine 1.2", timeout_s=5)
    column = yara_column(matches, "a.apk!lib/x86/liba.so")
    assert list(column) == [Feature(Kind.YARA, "vendor-x/banner", location="a.apk!lib/x86/liba.so")]


@pytest.mark.parametrize("engine", ENGINES)
def test_what_a_rule_calls_version_is_the_value_of_its_feature(engine: Engine) -> None:
    text = 'rule v { meta: target = "elf" strings: $version = /Vendor [0-9.]{3,9}\\x00/ $b = "BEGIN" condition: any of them }'
    rules = compile_rules([RuleSource("x", "x.yar", text)], engine=engine)
    data = b"BEGIN Vendor 1.2.3\0Vendor 1.2.3\0Vendor 4.5\0"
    column = yara_column(rules.match("elf", data, timeout_s=5), "")
    assert [feature.format() for feature in column] == ["yara x/v=Vendor 1.2.3", "yara x/v=Vendor 4.5"]
    assert [Feature.parse(feature.format()) for feature in column] == list(column)
    (without,) = yara_column(rules.match("elf", b"BEGIN", timeout_s=5), "")
    assert (without.name, without.value) == ("x/v", None)


@pytest.mark.parametrize("engine", ENGINES)
def test_a_rule_for_files_reads_the_files_that_it_names(engine: Engine) -> None:
    text = "".join(
        f'rule {name} {{ meta: target = "file" path = "{path}" strings: $a = "vendor" condition: $a }}\n'
        for name, path in (("data", "assets/*.dat"), ("exact", "assets/vendor.json"))
    )
    rules = compile_rules([RuleSource("x", "x.yar", text)], engine=engine)
    paths = ["assets/a.dat", "assets/b/c.dat", "assets/vendor.json", "assets/other.json", "a.dat"]
    assert [rules.wants_file(path) for path in paths] == [True, True, True, False, False]
    assert {path: names(rules.match("file", b"a vendor", timeout_s=5, file_name=path)) for path in paths} == {
        "assets/a.dat": ["x/data"],
        "assets/b/c.dat": ["x/data"],
        "assets/vendor.json": ["x/exact"],
        "assets/other.json": [],
        "a.dat": [],
    }


def test_rules_say_which_kinds_of_features_they_look_at(rules: CompiledRules) -> None:
    assert rules.kinds == {Kind.CLASS, Kind.LIBRARY}
    assert CompiledRules.deserialize(rules.serialize()).kinds == rules.kinds
    assert compile_rules([]).kinds == frozenset()


def test_excerpts_and_hits_are_bounded() -> None:
    long = "vendor" * 50
    text = f'rule many {{ meta: target = "file" path = "*.dat" strings: $a = "{long}" condition: #a > 2 }}'
    for engine in ENGINES:
        rules = compile_rules([RuleSource("many", "many.yar", text)], engine=engine)
        (match,) = rules.match("file", (long + ".").encode() * 50, timeout_s=20, file_name="a.dat")
        assert len(match.strings) == 16
        assert max(len(hit.excerpt) for hit in match.strings) == 200


def test_a_pattern_that_matches_more_often_than_an_engine_counts_still_matches() -> None:
    text = 'rule often { meta: target = "file" path = "*.dat" strings: $a = "abcd" condition: #a > 2 }'
    for engine in ENGINES:
        rules = compile_rules([RuleSource("often", "often.yar", text)], engine=engine)
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            assert names(rules.match("file", b"abcd" * 1_100_000, timeout_s=20, file_name="a.dat")) == ["often/often"]


def test_rules_that_take_too_long_are_an_error_of_their_own() -> None:
    text = """rule slow
{
    meta:
        target = "file"
        path = "assets/*.dat"
    condition:
        for all i in (0..filesize - 1) : ( for all j in (0..filesize - 1) : ( uint8(i) + uint8(j) >= 0 ) )
}
"""
    for engine in ENGINES:
        rules = compile_rules([RuleSource("slow", "slow.yar", text)], engine=engine)
        start = time.monotonic()
        with pytest.raises(YaraTimeoutError, match="longer than 1 s"):
            rules.match("file", bytes(4_000_000), timeout_s=0.5)
        assert time.monotonic() - start < 10


# --- What is wrong -------------------------------------------------------------------------------------------------------

BAD = [
    pytest.param(
        'rule a\n{\n    strings:\n        $a = "abcd"\n    condition:\n        $b\n}\n',
        'sdks/bad.yar:7:1: undefined string "$b"',
        id="undefined string",
    ),
    pytest.param(
        "rule a\n{\n    condition:\n", "sdks/bad.yar:3:1: syntax error, unexpected end of file", id="cut short"
    ),
    pytest.param(
        'rule a { meta: target = "dex" condition: true }\nrule a { meta: target = "dex" condition: true }\n',
        'sdks/bad.yar:2:1: duplicated identifier "a"',
        id="two rules of one name",
    ),
    pytest.param(
        '\nrule first { meta: target = "dex" condition: true }\n\nrule second { condition: true }\n',
        "sdks/bad.yar:4:1: the rule 'second' has no meta `target`: one of dex, elf, file, features",
        id="no target",
    ),
    pytest.param(
        'rule a { meta: target = "apk" condition: true }\n',
        "sdks/bad.yar:1:1: the rule 'a' has the unknown target 'apk': one of dex, elf, file, features",
        id="unknown target",
    ),
    pytest.param(
        'rule a { meta: target = "features" condition: true }\n',
        "sdks/bad.yar:1:1: the rule 'a' has no meta `kinds`: say which kinds of features it looks at, separated by blanks",
        id="no kinds",
    ),
    pytest.param(
        'rule a { meta: target = "features" kinds = "class klass" condition: true }\n',
        "sdks/bad.yar:1:1: the rule 'a' has in its meta `kinds` the unknown kind 'klass'",
        id="unknown kind",
    ),
    pytest.param(
        'rule a { meta: target = "file" path = " " condition: true }\n',
        "sdks/bad.yar:1:1: the rule 'a' has no meta `path`: "
        "say which entries it reads: a name, where `*` stands for any characters",
        id="no path",
    ),
    pytest.param(
        'rule a { meta: target = "dex" part = "code" condition: true }\n',
        "sdks/bad.yar:1:1: the rule 'a' has the unknown part 'code': one of strings",
        id="unknown part",
    ),
    pytest.param(
        'global rule a { meta: target = "dex" condition: true }\n',
        "sdks/bad.yar:1:1: the rule 'a' is global, which would bind all others",
        id="global",
    ),
    pytest.param(
        'import "elf"\nrule a { meta: target = "elf" condition: elf.type == elf.ET_DYN }\n',
        "sdks/bad.yar:1:1: a rule imports no module: it sees bytes only",
        id="module",
    ),
    pytest.param(
        '// a comment\ninclude "/etc/hostname"\nrule a { meta: target = "elf" condition: true }\n',
        "sdks/bad.yar:2:1: includes are disabled",
        id="include",
    ),
    pytest.param(
        'rule a\n{\n    meta:\n        target = "dex"\n    strings:\n        $a = /.*vendor.*/\n    condition:\n        $a\n}\n',
        "sdks/bad.yar:6:1: $a contains .*, .+ or .{x,} consider using .{,N}, .{1,N} or {x,N} with a reasonable value for N",
        id="endless repetition",
    ),
    pytest.param(
        'rule a { meta: target = "dex" strings: $a = /(a+)+$/ condition: $a }\n',
        'sdks/bad.yar:1:1: string "$a" may slow down scanning',
        id="slow pattern",
    ),
    pytest.param(
        'rule a { meta: target = "dex" condition: outside }\n',
        'sdks/bad.yar:1:1: undefined identifier "outside"',
        id="external variable",
    ),
    pytest.param("rule a \0 { condition: true }\n", "sdks/bad.yar:1:1: embedded null character", id="NUL"),
]


@pytest.mark.parametrize(("text", "message"), BAD)
@pytest.mark.parametrize("engine", ENGINES)
def test_a_wrong_rule_names_file_and_line(text: str, message: str, engine: Engine) -> None:
    with pytest.raises(SignatureError) as error:
        compile_rules([RuleSource("bad", "sdks/bad.yar", text)], engine=engine)
    first = str(error.value.issues[0])
    assert first.startswith(message) if "unexpected end" in message else first == message


def test_every_wrong_file_is_reported_at_once() -> None:
    broken = RuleSource("a", "a.yar", "rule {")
    missing = RuleSource("b", "b.yar", "rule b { condition: true }")
    again = RuleSource("vendor-x", "again.yar", ENDPOINT)
    with pytest.raises(SignatureError) as error:
        compile_rules([*SOURCES, broken, missing, again])
    assert [str(issue) for issue in error.value.issues] == [
        "a.yar:1:1: syntax error, unexpected '{', expecting identifier",
        "b.yar:1:1: the rule 'b' has no meta `target`: one of dex, elf, file, features",
        "again.yar:1:1: the namespace 'vendor-x' is also that of sdks/vendor-x.yar",
    ]


def test_no_rules_match_nothing() -> None:
    rules = compile_rules([])
    assert (rules.targets, rules.match("dex", b"abc", timeout_s=1)) == ((), [])


@settings(max_examples=200, deadline=None)
@given(st.one_of(st.text(max_size=200), st.text(alphabet='rule{}:$a="/.*\n meta target condition', max_size=120)))
def test_any_text_compiles_or_is_a_signature_error(text: str) -> None:
    issues: tuple[SignatureIssue, ...] = ()
    try:
        compile_rules([RuleSource("any", "any.yar", text)])
    except SignatureError as error:
        issues = error.issues
    lines = text.count("\n") + 1
    assert all(issue.path == "any.yar" and 1 <= issue.line <= lines for issue in issues)


# --- The cache -----------------------------------------------------------------------------------------------------------


def test_compiled_rules_are_read_back(rules: CompiledRules) -> None:
    again = CompiledRules.deserialize(rules.serialize())
    data = b"https://api.vendor.example/v1 X-Vendor-Key"
    assert (again.engine, again.targets, again.names("features")) == (
        rules.engine,
        rules.targets,
        rules.names("features"),
    )
    assert again.match("dex", data, timeout_s=5) == rules.match("dex", data, timeout_s=5)


def test_damaged_compiled_rules_never_reach_an_engine(rules: CompiledRules) -> None:
    whole = rules.serialize()
    flipped = bytearray(whole)
    flipped[len(whole) // 2] ^= 1
    for damaged in (b"", whole[:40], whole[:-1], bytes(flipped), b"x" * len(whole)):
        with pytest.raises(CatalogError, match="the compiled rules are damaged"):
            CompiledRules.deserialize(damaged)


def test_an_engine_that_is_not_installed_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "yara_x", None)
    with pytest.raises(CatalogError, match=r"pip install 'sdkfp\[yara-x\]'"):
        compile_rules(SOURCES, engine="yara-x")
