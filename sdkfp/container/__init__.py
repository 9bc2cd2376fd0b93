"""Open a package of any kind as named byte entries, within limits; nothing is unpacked to disk."""

from sdkfp.container.model import Container, ContainerKind, Entry, EntryError, EntryLimitError, Limits
from sdkfp.container.opening import open_container

__all__ = ["Container", "ContainerKind", "Entry", "EntryError", "EntryLimitError", "Limits", "open_container"]
