"""What a gate is asked, what it answers, and what it is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from rollbook.records.fields import Fields
    from rollbook.records.manifest import Manifest


@dataclass(frozen=True, slots=True)
class Promotion:
    """A version on its way into a stage. `manifest` is None when it can't be read."""

    model: str
    version: str
    start: str
    target: str
    manifest: Manifest | None


@dataclass(frozen=True, slots=True)
class Verdict:
    """A gate's answer: whether it lets the version pass, what it measured, and what it asked for."""

    passed: bool
    figure: str
    threshold: str
    hint: str = ""


class Gate(Protocol):
    """A rule that a version must meet. It judges what it is given and touches nothing else."""

    @property
    def name(self) -> str:
        """What the policy calls it."""

    @property
    def sentence(self) -> str:
        """What it asks for, in one sentence."""

    @property
    def code(self) -> str:
        """The code of the finding when it fails."""

    def verdict(self, settings: Fields, promotion: Promotion) -> Verdict:
        """Judge a promotion by the settings in the policy. Raises InvalidFile for settings it can't use."""
