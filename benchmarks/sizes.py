"""How large a registry is measured."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Size:
    """A registry of `models` models with `versions` versions in all."""

    name: str
    models: int
    versions: int

    def __str__(self) -> str:
        return f"{self.models:,} models, {self.versions:,} versions"


SIZES = {
    size.name: size
    for size in (
        Size("toy", 3, 30),
        Size("v100", 10, 100),
        Size("v1k", 100, 1_000),
        Size("v10k", 1_000, 10_000),
        Size("v10k-100", 100, 10_000),
        Size("v100k", 1_000, 100_000),
        Size("v100k-10k", 10_000, 100_000),
        Size("v1m", 10_000, 1_000_000),
    )
}
DEFAULT = ("v100", "v1k", "v10k")
