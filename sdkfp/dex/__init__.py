"""Dex files as numpy columns: classes, methods, fields, instructions, constants.

::

    for dex in open_dexes(data):
        dex.class_names                 # every class defined here
        calls = dex.calls()             # every call: row of dex.code, opcode, method_idx
        dex.method_reference(int(calls.index[0]))

Source of the format: Android documents, "Dalvik executable format" and "Dalvik bytecode".
"""

from __future__ import annotations

from sdkfp.dex.classdata import EncodedFields, EncodedMethods
from sdkfp.dex.code import CodeTable, Instructions, References
from sdkfp.dex.computed import computed_constants
from sdkfp.dex.file import Dex, open_dexes
from sdkfp.dex.header import Header
from sdkfp.dex.markers import Marker, marker_properties, read_markers
from sdkfp.dex.strings import decode_mutf8, java_name, java_names
from sdkfp.dex.tables import NO_INDEX, ClassTable, FieldTable, MethodTable, Pairs, ProtoTable

__all__ = [
    "NO_INDEX",
    "ClassTable",
    "CodeTable",
    "Dex",
    "EncodedFields",
    "EncodedMethods",
    "FieldTable",
    "Header",
    "Instructions",
    "Marker",
    "MethodTable",
    "Pairs",
    "ProtoTable",
    "References",
    "computed_constants",
    "decode_mutf8",
    "java_name",
    "java_names",
    "marker_properties",
    "open_dexes",
    "read_markers",
]
