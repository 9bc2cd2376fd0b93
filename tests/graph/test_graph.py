"""The graph of a made app, edge by edge, and what hostile input makes of it."""

from __future__ import annotations

from pathlib import Path

import msgspec
import networkx as nx
import pytest
from support import graphapp
from support.catalogs import catalog_of
from support.dexwriter import ConstString, DexWriter, Instruction, Invoke, Method, Raw

from sdkfp import App, Catalog, FeatureSet, SignatureError, identification
from sdkfp.behaviour import Owners, observe
from sdkfp.graph import APP, Graph, build

PACKAGE = "package:org.strange.thing"


@pytest.fixture(scope="module")
def catalog(tmp_path_factory: pytest.TempPathFactory) -> Catalog:
    return catalog_of(tmp_path_factory.mktemp("signatures"), graphapp.SIGNATURES)


def graph_of(data: bytes, catalog: Catalog) -> Graph:
    with App.open(data, name="a.apk") as app:
        features = app.features()
        identified = identification.identify(features, catalog, own_packages=["com.maker.app"])
        observed = observe(app, Owners.of(features, identified), catalog.surfaces)
        return build(identified, features, app, observed)


@pytest.fixture(scope="module")
def graph(catalog: Catalog) -> Graph:
    return graph_of(graphapp.app(), catalog)


def edges(graph: Graph, *types: str) -> set[tuple[str, str, str, int]]:
    return {(edge.source, edge.type, edge.target, edge.count) for edge in graph.edges if edge.type in types}


def evidence(graph: Graph, source: str, word: str, target: str) -> str:
    (found,) = [e.evidence for e in graph.edges if (e.source, e.type, e.target) == (source, word, target)]
    return found


def test_the_parties(graph: Graph) -> None:
    assert [(node.id, node.kind, node.classes) for node in graph.nodes] == [
        ("ads", "sdk", 1),
        ("app", "app", 1),
        ("core", "sdk", 2),
        ("idle", "sdk", 1),
        ("json", "sdk", 1),
        ("library:libcore-1.so", "library", 0),
        ("library:libown.so", "library", 0),
        ("library:libpush.so", "library", 0),
        (PACKAGE, "package", 2),
        ("permission:android.permission.READ_PHONE_STATE", "permission", 0),
        ("permission:android.permission.READ_PRIVILEGED_PHONE_STATE", "permission", 0),
        ("push", "sdk", 3),
        ("shell", "sdk", 0),
        ("ssl", "sdk", 0),
        ("type:imei", "type", 0),
    ]


def test_edges_from_code_cross_the_dex_files(graph: Graph) -> None:
    assert edges(graph, "calls", "extends", "refers") == {
        (APP, "calls", "push", 2),
        (APP, "extends", "ads", 1),
        ("push", "calls", "core", 3),
        ("push", "extends", "core", 1),
        ("push", "refers", "core", 1),
        ("push", "refers", "json", 1),
        ("ads", "refers", "core", 1),
        ("idle", "calls", "json", 1),
        (PACKAGE, "calls", "core", 1),
    }


def test_the_first_place_is_the_evidence(graph: Graph) -> None:
    assert evidence(graph, APP, "calls", "push") == (
        "Lcom/maker/app/Main;->onCreate()V calls Lcom/vendor/push/Push;->start()V @ a.apk!classes.dex"
    )
    assert evidence(graph, APP, "extends", "ads") == (
        "Lcom/maker/app/Main; extends Lcom/maker2/ads/BannerActivity; @ a.apk!classes.dex"
    )
    assert evidence(graph, "push", "extends", "core") == (
        "Lcom/vendor/push/Push; implements Lcom/vendor/core/Plugin; @ a.apk!classes.dex"
    )
    assert evidence(graph, "ads", "refers", "core") == (
        "Lcom/maker2/ads/BannerActivity;->show()V refers to Lcom/vendor/core/Core;->INSTANCE:Lcom/vendor/core/Core; @ a.apk!classes2.dex"
    )
    assert evidence(graph, "push", "refers", "json") == (
        "Lcom/vendor/push/Push;->own()V refers to [Lcom/maker2/json/Json; @ a.apk!classes.dex"
    )


def test_native_libraries(graph: Graph) -> None:
    push, own, core = "library:libpush.so", "library:libown.so", "library:libcore-1.so"
    assert edges(graph, "loads", "links") == {
        (APP, "loads", own, 1),
        ("push", "loads", push, 3),  # a call, and a native method of one class in two ABIs
        (push, "links", core, 2),  # by the soname
        (own, "links", push, 1),
    }
    assert {edge for edge in edges(graph, "embeds") if "library:" in edge[0] + edge[2]} == {
        ("push", "embeds", push, 2),
        ("core", "embeds", core, 1),
        (APP, "embeds", own, 1),
        (push, "embeds", "ssl", 2),
    }
    assert evidence(graph, "push", "loads", push) == (
        "Lcom/vendor/push/Push;->start()V loads libpush.so with Ljava/lang/System;->loadLibrary(Ljava/lang/String;)V @ a.apk!classes.dex"
    )
    assert evidence(graph, push, "embeds", "ssl") == "symbol ssl_of_nobody_else @ a.apk!lib/arm64-v8a/libpush.so"


def test_manifest_and_signatures(graph: Graph) -> None:
    assert edges(graph, "declares", "requires", "bundles") == {
        (APP, "declares", "push", 1),
        (APP, "declares", "shell", 1),
        (APP, "declares", PACKAGE, 1),
        ("push", "requires", "core", 1),
        ("push", "bundles", "json", 1),
    }
    assert evidence(graph, APP, "declares", "push") == (
        "service com.vendor.push.PushService @ a.apk!AndroidManifest.xml"
    )


def test_what_code_is_able_to_read(graph: Graph) -> None:
    assert edges(graph, "reads") == {("push", "reads", "type:imei", 1)}
    assert {(source, target) for source, _, target, _ in edges(graph, "needs")} == {
        ("push", "permission:android.permission.READ_PHONE_STATE"),
        ("push", "permission:android.permission.READ_PRIVILEGED_PHONE_STATE"),
    }
    assert evidence(graph, "push", "reads", "type:imei") == (
        "Lcom/vendor/push/Push;->read()V reads method Landroid/telephony/TelephonyManager;->getDeviceId @ a.apk!classes.dex"
    )


def test_reads_of_everybody_else(catalog: Catalog) -> None:
    """The app's own code, the larger packages, and the smaller ones that share a node; a mention alone is no read."""
    read = [Invoke("virtual", "android.telephony.TelephonyManager", *graphapp.DEVICE_ID, (0,))]
    dex = (
        DexWriter()
        .add_class("com.maker.app.Own", methods=[Method("m", code=read), Method("n", code=read)])
        .add_class("org.strange.thing.C", methods=[Method("m", code=read)])
        .add_class("z.small.one.D", methods=[Method("m", code=read)])
    )
    for number in range(120):
        dex.add_class(f"p{number:03}.a.b.C").add_class(f"p{number:03}.a.b.D")
    found = graph_of(graphapp.app(**{"classes3.dex": dex.build()}), catalog)
    assert edges(found, "reads") == {
        ("push", "reads", "type:imei", 1),
        (APP, "reads", "type:imei", 2),
        (PACKAGE, "reads", "type:imei", 1),
        ("package:*", "reads", "type:imei", 1),
    }


def test_networkx_has_it_all(graph: Graph) -> None:
    found = graph.to_networkx()
    assert isinstance(found, nx.MultiDiGraph)
    assert (found.number_of_nodes(), found.number_of_edges()) == (len(graph.nodes), len(graph.edges))
    assert found.edges["push", "core", "calls"]["count"] == 3
    assert found.nodes["push"] == {"kind": "sdk", "classes": 3}


def test_without_the_app_there_are_still_parties_and_signatures(catalog: Catalog) -> None:
    features = FeatureSet.parse("class com.vendor.push.A @ x\nclass com.vendor.core.B @ x\nclass z.y.x.w.V @ x\n")
    found = build(identification.identify(features, catalog), features)
    assert {(edge.source, edge.type, edge.target) for edge in found.edges} == {
        (APP, "embeds", "push"),
        (APP, "embeds", "core"),
        (APP, "embeds", "package:z.y.x"),
        ("push", "requires", "core"),
    }


def test_an_app_without_anything(catalog: Catalog) -> None:
    found = build(identification.identify(FeatureSet(), catalog), FeatureSet())
    assert [node.id for node in found.nodes] == [APP]
    assert found.edges == ()


@pytest.mark.parametrize(
    ("code", "loaded"),
    [
        (graphapp.load("own"), True),
        (graphapp.load("libown.so", "java.lang.Runtime"), True),
        (graphapp.load("/data/local/libown.so"), True),
        (graphapp.load("own", "com.facebook.soloader.SoLoader"), True),
        (graphapp.load("own", "com.example.Loader"), False),
        (graphapp.load("other"), False),
        ([ConstString(0, "own"), *graphapp.load("other")], False),
        ([ConstString(1, "own"), Invoke("static", "java.lang.System", "load", "(Ljava/lang/String;)V", (0,))], False),
        ([*graphapp.load("other", register=20), ConstString(21, "own")], False),
        (graphapp.load("own", register=21), True),  # invoke/range
        ([Invoke("static", "java.lang.System", "loadLibrary", "(Ljava/lang/String;)V", (0,))], False),
    ],
)
def test_which_loads_are_understood(catalog: Catalog, code: list[Instruction], loaded: bool) -> None:  # noqa: FBT001
    dex = DexWriter().add_class(
        "com.maker2.ads.X", methods=[Method("m", code=code), Method("n", code=[ConstString(0, "own")])]
    )
    found = graph_of(graphapp.app(**{"classes3.dex": dex.build()}), catalog)
    assert (("ads", "loads", "library:libown.so", 1) in edges(found, "loads")) is loaded


def test_a_class_defined_twice_belongs_to_its_first_definition(catalog: Catalog) -> None:
    twice = DexWriter().add_class("com.maker.app.Main", methods=[Method("m")])
    assert edges(graph_of(graphapp.app(**{"classes3.dex": twice.build()}), catalog), "calls") == edges(
        graph_of(graphapp.app(), catalog), "calls"
    )


def test_no_sdk_may_be_called_like_the_app(tmp_path: Path) -> None:
    with pytest.raises(SignatureError, match="the id 'app' means the app's own code in every report"):
        catalog_of(tmp_path, {"app": "clues: [{class: com.vendor.sdk.}]"})


def test_helpers_that_the_compiler_shares_are_no_relation(catalog: Catalog) -> None:
    """D8 puts a helper beside the first class that needs it; others that use it do not use that class."""
    shared, own = (f"com.maker2.idle.Idle$$ExternalSynthetic{kind}0" for kind in ("Backport", "Lambda"))
    uses = [Invoke("static", shared, "m"), Invoke("static", own, "m")]
    dex = DexWriter().add_class(shared).add_class(own).add_class("com.maker2.ads.X", methods=[Method("m", code=uses)])
    found = graph_of(graphapp.app(**{"classes3.dex": dex.build()}), catalog)
    assert ("ads", "calls", "idle", 1) in edges(found, "calls")
    assert evidence(found, "ads", "calls", "idle").endswith("ExternalSyntheticLambda0;->m()V @ a.apk!classes3.dex")


def test_hostile_names_stay_short_and_visible(catalog: Catalog) -> None:
    evil = "x\u202e\n" + "y" * 1_000_000
    dex = (
        DexWriter()
        .add_class("a\u202eb.c.d.E", methods=[Method("m", code=[Invoke("static", "com.maker2.ads.X", evil)])])
        .add_class("com.maker2.ads.X", interfaces=[f"com.vendor.core.{evil}"])
        .add_class(f"com.vendor.core.{evil}")
        .add_class(f"{evil}.F")
    )
    found = graph_of(graphapp.app(**{"classes3.dex": dex.build()}), catalog)
    texts = [node.id for node in found.nodes] + [edge.evidence for edge in found.edges]
    assert all(len(text) < 4000 and text.isprintable() for text in texts)
    assert "package:a\\u202eb.c.d" in texts
    assert any(text.startswith("package:x\\u202e\\u000ayyy") and "…" in text for text in texts)
    assert any("La\\u202eb/c/d/E;->m()V calls Lcom/maker2/ads/X;->x\\u202e\\u000ayyy" in text for text in texts)


def test_more_packages_than_anybody_reads_share_a_node(catalog: Catalog) -> None:
    dex = DexWriter()
    for number in range(300):
        dex.add_class(f"p{number:03}.a.b.C")
    found = graph_of(graphapp.app(**{"classes3.dex": dex.build()}), catalog)
    packages = [node for node in found.nodes if node.kind == "package"]
    assert len(packages) == 101
    assert [node.classes for node in packages if node.id == "package:*"] == [201]


def test_more_edges_than_anybody_reads_are_left_out_and_said_so(
    catalog: Catalog, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = graph_of(graphapp.app(), catalog)
    monkeypatch.setattr("sdkfp.graph.building.MOST_EDGES", 5)
    found = graph_of(graphapp.app(), catalog)
    assert len(found.edges) == 5
    assert found.edges_left_out == len(whole.edges) - 5
    assert min(edge.count for edge in found.edges) >= sorted(edge.count for edge in whole.edges)[-5]


def test_broken_tables_do_not_stop_the_graph(catalog: Catalog) -> None:
    """Type and method numbers outside their tables, in instructions and in tables."""
    good = (
        graphapp.first_dex()
        .add_class("com.maker2.ads.Z", methods=[Method("m", code=[Raw((0x3071, 0xFFFF, 0))])])
        .build()
    )
    data = bytearray(good)
    methods = int.from_bytes(data[0x5C:0x60], "little")
    fields = int.from_bytes(data[0x54:0x58], "little")
    data[methods : methods + 2] = b"\xff\xff"
    if int.from_bytes(data[0x50:0x54], "little"):
        data[fields : fields + 2] = b"\xff\xff"
    found = graph_of(graphapp.app(**{"classes3.dex": bytes(data)}), catalog)
    assert ("push", "calls", "core") in {(e.source, e.type, e.target) for e in found.edges}


def test_saved_and_read_back(graph: Graph, tmp_path: Path) -> None:
    file = tmp_path / "graph.json"
    file.write_bytes(msgspec.json.encode(graph))
    assert msgspec.json.decode(file.read_bytes(), type=Graph) == graph
