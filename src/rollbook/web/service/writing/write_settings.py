"""What the operator of a service lets writes do."""

from __future__ import annotations

from dataclasses import dataclass, field

from rollbook.artifact.guarded_download import DownloadLimits


@dataclass(frozen=True, slots=True)
class WriteSettings:
    """How many bytes a body may have, whether artifacts may be named by URL, and how these are got."""

    most_bytes: int = 16 << 30
    urls: bool = True
    download: DownloadLimits = field(default_factory=DownloadLimits)


USUAL = WriteSettings()


def most_of(most_bytes: int) -> WriteSettings:
    """Return what writes may do where no artifact is larger than so many bytes, whichever way it comes."""
    return WriteSettings(most_bytes, download=DownloadLimits(most_bytes=most_bytes))
