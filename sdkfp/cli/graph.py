"""The command that answers questions about how the parts of an app hang together."""

from __future__ import annotations

from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Optional

import typer

from sdkfp.cli._common import (
    EPILOG,
    EXIT_NOTHING_FOUND,
    EXIT_USAGE,
    AsJson,
    Lang,
    NoBuiltin,
    Quiet,
    Signatures,
    app,
    errors,
    fail,
    language_of,
    load_catalog,
    write,
    write_file,
)
from sdkfp.cli._reports import report_of

if TYPE_CHECKING:
    from sdkfp.graph import EntryPoints, Graph, Reaches, Removal, Users


class GraphFormat(str, Enum):
    """The formats that the graph is written in."""

    JSON = "json"
    GRAPHML = "graphml"
    GEXF = "gexf"
    DOT = "dot"
    MERMAID = "mermaid"


Question = Optional[str]  # noqa: UP045 - typer reads the annotation at run time, also on Python 3.10


@app.command(epilog=EPILOG)
def graph(  # noqa: PLR0913 - one argument for each option
    path: Annotated[Path, typer.Argument(help="An app, or a saved JSON report.", metavar="APP|REPORT.json")],
    who_uses: Annotated[
        Question, typer.Option("--who-uses", help="Who uses this SDK, and who pulled it in.", metavar="ID")
    ] = None,
    reaches: Annotated[
        Question,
        typer.Option("--reaches", help="What reaches a type of personal information or a permission.", metavar="TYPE"),
    ] = None,
    if_removed: Annotated[
        Question, typer.Option("--if-removed", help="What would go and what would break without it.", metavar="ID")
    ] = None,
    file_format: Annotated[
        Optional[GraphFormat],  # noqa: UP045 - as above
        typer.Option("--format", help="Write the graph, or the part that an answer speaks of, in this format."),
    ] = None,
    output: Annotated[
        Optional[Path],  # noqa: UP045 - as above
        typer.Option("-o", "--output", help="Write to a file.", metavar="FILE"),
    ] = None,
    signatures: Signatures = None,
    lang: Lang = None,
    *,
    entry_points: Annotated[
        bool, typer.Option("--entry-points", help="Which SDKs the app's own code starts, and where.")
    ] = False,
    no_builtin: NoBuiltin = False,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Say how the SDKs, the app's own code and its libraries hang together: see docs/graph.md."""
    asked = [who_uses is not None, reaches is not None, if_removed is not None, entry_points]
    if sum(asked) > 1:
        fail("ask one question at a time", EXIT_USAGE)
    with errors():
        from sdkfp.graph import GraphError  # noqa: PLC0415 - `--help` does not need it

        found = report_of(path, signatures, no_builtin=no_builtin, quiet=quiet).graph
        try:
            answer = _answer(found, who_uses, reaches, if_removed, entry_points=entry_points)
        except GraphError as error:
            answer = _nothing(reaches or who_uses or if_removed or "", signatures, error, no_builtin=no_builtin)
        data = _rendered(found, answer, file_format, language_of(lang), as_json=as_json)
        if output is None:
            write(data)
            return
        write_file(output, data)


_Answer = Optional["Users | Reaches | Removal | EntryPoints"]


def _answer(
    graph: Graph, who_uses: Question, reaches: Question, if_removed: Question, *, entry_points: bool
) -> _Answer:
    from sdkfp.graph import query  # noqa: PLC0415 - as above

    if who_uses is not None:
        return query.who_uses(graph, who_uses)
    if reaches is not None:
        return query.reaches(graph, reaches)
    if if_removed is not None:
        return query.if_removed(graph, if_removed)
    return query.entry_points(graph) if entry_points else None


def _nothing(name: str, signatures: list[Path] | None, error: Exception, *, no_builtin: bool) -> _Answer:
    """The answer for a type or permission that nothing in the app reaches; for anything else the end of the program."""
    from sdkfp.graph import Reaches  # noqa: PLC0415 - as above

    catalog = load_catalog(signatures, no_builtin=no_builtin)
    kind = name.removeprefix("type:")
    if kind in catalog.vocabulary.types:
        return Reaches(f"type:{kind}", (), ())
    permission = name.removeprefix("permission:")
    if permission.startswith("android.permission."):
        return Reaches(f"permission:{permission}", (), ())
    inside = f"{name} was not found in this app"
    fail(inside if name in catalog else str(error), EXIT_NOTHING_FOUND if name in catalog else EXIT_USAGE)
    return None


def _rendered(graph: Graph, answer: _Answer, file_format: GraphFormat | None, language: str, *, as_json: bool) -> bytes:
    if file_format is not None or (as_json and answer is None):
        from sdkfp.export.graph_formats import FORMATS  # noqa: PLC0415 - as above
        from sdkfp.graph import subgraph  # noqa: PLC0415

        wanted = file_format or GraphFormat.JSON
        return FORMATS[wanted.value](graph if answer is None else subgraph(graph, answer))
    if as_json:
        import msgspec  # noqa: PLC0415

        return msgspec.json.format(msgspec.json.encode(answer), indent=2) + b"\n"
    from sdkfp.cli._graph_text import answer_text, graph_text  # noqa: PLC0415

    text = graph_text(graph, language) if answer is None else answer_text(answer, language)
    return text.encode("utf-8", "backslashreplace")
