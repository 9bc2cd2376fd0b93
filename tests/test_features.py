from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sdkfp import Feature, FeatureSet, Grade, Kind, NotationError
from sdkfp.features import GRADE_OF_KIND, KINDS_WITH_VALUE, Column

LISTING = """\
class com.adjust.sdk.Adjust @ base.apk!classes.dex
refers com.adjust.sdk.Adjust @ base.apk!classes2.dex
library libmsaoaidsec.so @ base.apk!lib/arm64-v8a/libmsaoaidsec.so
metadata JPUSH_CHANNEL=a=b @ base.apk!AndroidManifest.xml
property META-INF/androidx.core_core.version=1.9.0 @ base.apk!META-INF/androidx.core_core.version
constant com.umeng.commonsdk.UMConfigure.VERSION="9.6.1" @ base.apk!classes.dex
yara umeng-analytics/umeng_endpoint @ base.apk!classes.dex
mark umeng-analytics 0.93 @ base.apk
"""


def test_notation_reads_back_what_it_writes() -> None:
    features = FeatureSet.parse(LISTING)
    assert features.format() == LISTING
    assert len(features) == 8


def test_fields_of_a_parsed_line() -> None:
    feature = Feature.parse('constant com.a.B.VERSION="1 @ 2" @ x.apk!classes.dex'.replace("1 @ 2", "1.2"))
    assert feature == Feature(Kind.CONSTANT, "com.a.B.VERSION", "1.2", "x.apk!classes.dex")
    assert feature.grade is Grade.DEFINED
    assert Feature.parse("metadata KEY").value is None
    assert Feature.parse("metadata KEY=").value == ""


def test_comments_and_empty_lines_are_passed_over() -> None:
    assert [f.name for f in FeatureSet.parse("# note\n\n  class a.B\n")] == ["a.B"]


@pytest.mark.parametrize("line", ["clazz a.B", "class", "class  @ x", "constant a.B.C=1", 'constant a.B.C="'])
def test_a_line_outside_the_notation_is_refused_with_its_number(line: str) -> None:
    with pytest.raises(NotationError, match="line 2: "):
        FeatureSet.parse(f"class a.B\n{line}\n")


def test_every_kind_has_a_grade() -> None:
    assert set(GRADE_OF_KIND) == set(Kind)


def test_columns_of_a_kind_keep_their_locations() -> None:
    features = FeatureSet.parse("class a.B @ x\nclass a.C @ y\nclass a.D @ x\n")
    assert [(c.location, list(c.names)) for c in features.of(Kind.CLASS)] == [("x", ["a.B", "a.D"]), ("y", ["a.C"])]
    assert features.of(Kind.LIBRARY) == ()
    assert len(features | FeatureSet.parse("library l.so")) == 4


TEXT = st.text(min_size=1, max_size=30)


@settings(max_examples=500, deadline=None)
@given(kind=st.sampled_from(Kind), name=TEXT, value=st.text(max_size=30), location=st.text(max_size=30))
def test_any_text_survives_the_notation(kind: Kind, name: str, value: str, location: str) -> None:
    if kind is Kind.MARK:
        value = value or "0.5"  # a mark always has a score
    feature = Feature(kind, name, value if kind in KINDS_WITH_VALUE else None, location)
    line = feature.format()
    assert len(line.splitlines()) == 1
    assert Feature.parse(line) == feature
    assert list(FeatureSet.parse(line)) == [feature]


@settings(max_examples=300, deadline=None)
@given(
    kind=st.sampled_from([kind for kind in Kind if kind not in KINDS_WITH_VALUE]),
    names=st.lists(st.one_of(TEXT, st.from_regex(r"[a-z. @]{1,9}", fullmatch=True)), max_size=5),
    location=st.text(max_size=20),
)
def test_a_column_is_written_as_its_features_are(kind: Kind, names: list[str], location: str) -> None:
    column = Column(kind, location, names)
    assert column.format() == "".join(f"{feature.format()}\n" for feature in column)
