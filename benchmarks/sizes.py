"""How much is measured, and the place it is measured in."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from benchmarks.synthetic import Synthetic, build

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class Sizes:
    """The registry has `models` with `versions` each; the artifact has `artifact_bytes`; each command is
    timed `runs` times, and one that takes minutes `slow_runs` times."""

    models: int
    versions: int
    artifact_bytes: int
    runs: int
    slow_runs: int


TOY = Sizes(models=3, versions=3, artifact_bytes=3 << 20, runs=1, slow_runs=1)
DEFAULT = Sizes(models=100, versions=10, artifact_bytes=1 << 30, runs=7, slow_runs=1)
FULL = Sizes(models=100, versions=100, artifact_bytes=1 << 30, runs=7, slow_runs=1)


class Scene:
    """A scratch directory, and the registry in it that several benchmarks read. It is built when the first
    of them asks for it. `mlflow` is a Python that has MLflow, None where there is none."""

    def __init__(self, root: Path, sizes: Sizes, mlflow: str | None) -> None:
        self.root = root
        self.sizes = sizes
        self.mlflow = mlflow

    @cached_property
    def registry(self) -> Synthetic:
        return build(self.root / "registry", self.sizes.models, self.sizes.versions)

    @property
    def is_full(self) -> bool:
        """Whether the registry is large enough for the targets that are set for 10,000 events."""
        return self.registry.tags >= 10_000

    @property
    def size(self) -> str:
        """The registry's size in words."""
        return f"{self.sizes.models} x {self.sizes.versions}"
