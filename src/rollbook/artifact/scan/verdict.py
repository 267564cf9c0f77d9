"""What a scan of an artifact found, and what follows from it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable


class ScanVerdict(StrEnum):
    """What may be believed of an artifact, from best to worst. Only `clean` says that all of it was read and
    nothing in it imports what is not on the list."""

    CLEAN = "clean"
    INCONCLUSIVE = "inconclusive"
    SUSPICIOUS = "suspicious"
    MALICIOUS = "malicious"


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a verdict is not `clean`: what was found, and where in the artifact. `subject` is the global that
    it is about, empty where it is about none."""

    verdict: ScanVerdict
    where: str
    text: str
    subject: str = ""

    def __str__(self) -> str:
        return f"{self.where}: {self.text}"


@dataclass(frozen=True, slots=True)
class ScannedStream:
    """A pickle that was followed: where it stands, its protocol, its opcodes, and the globals it imports, as
    `module.name`. `texts` has what it says of the libraries that wrote it."""

    where: str
    protocol: int
    opcodes: int
    globals: tuple[str, ...]
    texts: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class ScanReport:
    """The result of a scan. `engine` is the name and version of the scanner that gave its opinion too;
    `allowlist` is the SHA-256 of the list of globals that were allowed, with those that a team added."""

    verdict: ScanVerdict
    globals: tuple[str, ...]
    reasons: tuple[Reason, ...]
    streams: tuple[ScannedStream, ...]
    engine: str
    allowlist: str

    @property
    def is_clean(self) -> bool:
        return self.verdict is ScanVerdict.CLEAN

    @property
    def bears_code(self) -> bool:
        """Whether there is anything in it that loading could run, or that could not be told."""
        return bool(self.streams or self.reasons)

    def sentence(self) -> str:
        """Return the verdict in one sentence."""
        if self.reasons:
            more = len(self.reasons) - 1
            return f"{self.verdict}: {self.reasons[0]}" + (f" (and {more} more)" if more else "")
        if not self.streams:
            return "clean: nothing in it is unpickled"
        if not self.globals:
            return "clean: its pickles import nothing"
        count = len(self.globals)
        return f"clean: {count} global{'s' if count != 1 else ''}, all of them on the list"

    def as_document(self) -> dict[str, Any]:
        """Return the report as JSON data."""
        return {
            "verdict": str(self.verdict),
            "summary": self.sentence(),
            "globals": list(self.globals),
            "reasons": [
                {
                    "verdict": str(reason.verdict),
                    "where": reason.where,
                    "text": reason.text,
                    "global": reason.subject,
                }
                for reason in self.reasons
            ],
            "streams": [
                {
                    "where": stream.where,
                    "protocol": stream.protocol,
                    "opcodes": stream.opcodes,
                    "globals": list(stream.globals),
                }
                for stream in self.streams
            ],
            "engine": self.engine,
            "allowlist": self.allowlist,
        }


def worst(reasons: Iterable[Reason]) -> ScanVerdict:
    """Return the verdict that follows from the reasons; `clean` where there is none."""
    order = list(ScanVerdict)
    return max((reason.verdict for reason in reasons), key=order.index, default=ScanVerdict.CLEAN)
