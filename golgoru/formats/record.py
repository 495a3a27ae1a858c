"""What the rest of the engine knows about a label format: one record per format file."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple, Protocol

from golgoru.formats.files import SourceFile

if TYPE_CHECKING:
    from golgoru.formats.payload import Payload

# The keys of batch.yaml that not every format takes.
FORMAT_KEYS = ("columns", "label", "shift", "boxes")


class PayloadSettings(Protocol):
    """What a reader needs of batch.yaml: the delivery of its images, and the columns by the names of our fields."""

    @property
    def images(self) -> str | None: ...

    @property
    def columns(self) -> Mapping[str, str]: ...


class Format(NamedTuple):
    """One label format.

    `detect` returns by what the files are recognised as this format, or None. `read` takes the payload's folder (or
    file), its settings and the keys of all images, and yields the payload in slices. `allowed_keys`: those of
    `FORMAT_KEYS` that have an effect. `required_keys`: those of batch.yaml that must be given, each with what to write
    there. `cannot_hold`: what annotations lose in this format. A format without suffixes has no payload: the images'
    own paths are the labels.
    """

    name: str
    suffixes: tuple[str, ...]
    detect: Callable[[Sequence[SourceFile]], str | None]
    read: Callable[[Path, PayloadSettings, Sequence[str]], Iterator["Payload"]]
    allowed_keys: tuple[str, ...]
    required_keys: Mapping[str, str] = MappingProxyType({})
    cannot_hold: tuple[str, ...] = ()

    @property
    def has_payload(self) -> bool:
        """Whether the labels are in files of their own."""
        return bool(self.suffixes)
