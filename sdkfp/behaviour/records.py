"""What was observed in an app: which code is able to read what, and where."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING

from sdkfp.coverage import package_group
from sdkfp.errors import NotExamined
from sdkfp.features import FeatureSet, Kind
from sdkfp.vocabulary import Read

if TYPE_CHECKING:
    from sdkfp.identification import Identified

__all__ = ["OWN", "PACKAGE", "Finding", "Grade", "Observed", "Owner", "Owners", "Site"]

Owner = str | None
"""An SDK id, :data:`OWN` for the app's own code, ``package:NAME`` for one of the larger packages that nobody explains, ``None`` for
the rest of them."""
OWN = ""
PACKAGE = "package:"
MOST_PACKAGES = 100
"""Unexplained packages that are told apart; the largest are."""


class Grade(str, Enum):
    """How well it is shown that code is able to read something; the better grades first."""

    CALL = "call"
    """The method is called, or the field read; where an argument decides, it is a constant that reaches the call."""
    CALLBACK = "callback"
    """The method that the system calls is defined."""
    MANIFEST = "manifest"
    """A component of the manifest filters for the action."""
    INDIRECT = "indirect"
    """The constant reaches the call by way of a method of the app that hands its parameter on, or of a static field."""
    REFLECTION = "reflection"
    """Class and member are named by constants in one method, and the member is looked up by reflection there."""
    NATIVE = "native"
    """A native library imports the function, or holds the constant and imports a function that can use it."""
    SAME_METHOD = "same_method"
    """The call and the constant are in one method; whether the constant reaches the call is not decided."""
    STRING = "string"
    """Only the constant is there. It never makes a claim alone."""


GRADES = tuple(Grade)


@dataclass(frozen=True, slots=True)
class Site:
    """A place in the app."""

    location: str
    """In the notation of :class:`sdkfp.features.Feature`."""
    class_name: str | None = None
    """Dotted; ``None`` in a native library."""
    method: str | None = None
    """``name(parameters)result``; ``None`` for a component of the manifest and in a native library."""
    offset: int | None = None
    """Code units from the start of the method's instructions; ``None`` where no instruction is meant."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One surface that one party's code is able to read, shown in one way."""

    owner: Owner
    read: Read
    grade: Grade
    count: int
    """How many sites there are."""
    sites: tuple[Site, ...]
    """The first of them, in the order of the files."""

    @property
    def truncated(self) -> bool:
        """Whether there are more sites than :attr:`sites` holds."""
        return self.count > len(self.sites)


@dataclass(frozen=True, slots=True)
class Observed:
    """Everything that was observed."""

    findings: tuple[Finding, ...] = ()
    """Sorted by owner (the app's own code first, then SDKs by id, then unexplained code), type, grade and read."""
    dex_files: int = 0
    libraries: int = 0
    not_examined: tuple[NotExamined, ...] = ()


@dataclass(frozen=True, slots=True)
class Owners:
    """Whose code is whose."""

    classes: Mapping[str, Sequence[Owner]]
    """By the location of a ``class`` column, the owner of each of its classes."""
    names: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """By the same location, the names of the classes."""
    libraries: Mapping[str, Owner] = field(default_factory=dict)
    """By the location of a native library."""
    packages: frozenset[str] = frozenset()
    """Unexplained packages that are told apart, as :func:`sdkfp.identification.package_group` names them."""

    @classmethod
    def of(cls, features: FeatureSet, identified: Identified) -> Owners:
        """From the features of an app and what :func:`sdkfp.identification.identify` made of them."""
        columns = features.of(Kind.CLASS)
        libraries: dict[str, Owner] = {}
        for kind in (Kind.LIBRARY, Kind.SONAME, Kind.JNI, Kind.SYMBOL):  # the clue that says most comes first
            for sdk in identified.sdks:
                for evidence in sdk.evidence:
                    if evidence.feature.kind is kind:
                        libraries.setdefault(evidence.feature.location, sdk.signature.id)
        return cls(
            {column.location: owners for column, owners in zip(columns, identified.owners, strict=True)},
            {column.location: column.names for column in columns},
            libraries,
            frozenset(name for name, _ in identified.coverage.packages[:MOST_PACKAGES]),
        )

    def of_class(self, name: str) -> Owner:
        """The owner of a class by its name; the first definition counts."""
        for location, names in self.names.items():
            if name in names:
                owner = self.classes[location][names.index(name)]
                return self.of_package(name) if owner is None else owner
        return None

    def of_package(self, class_name: str) -> Owner:
        """The owner of a class that nobody explains."""
        group = package_group(class_name.rpartition(".")[0])
        return f"{PACKAGE}{group}" if group in self.packages else None
