"""Telling those who ask about a version that its artifact is removed: on stderr, and in JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from rollbook.text import printable

if TYPE_CHECKING:
    from rollbook.registry.model_version import ModelVersion


def warn_if_removed(version: ModelVersion) -> None:
    """Say on stderr that a version's artifact is removed, where it is."""
    found = version.removal
    if found is not None:
        click.echo(click.style("warning: ", fg="yellow") + printable(str(found.refusal())), err=True)


def as_mapping(version: ModelVersion) -> dict[str, str] | None:
    """The value of the key `removed` in JSON output."""
    found = version.removal
    if found is None:
        return None
    return {"at": found.removed_at, "by": found.removed_by, "reason": found.reason}
