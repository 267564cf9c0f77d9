"""Telling those who use a version that it goes out of use: on stderr, and in JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from rollbook.text import printable

if TYPE_CHECKING:
    from rollbook.registry.model_version import ModelVersion


def warn_if_deprecated(version: ModelVersion) -> None:
    """Say on stderr that a version is deprecated, where it is."""
    found = version.deprecation
    if found is not None:
        warning = click.style("warning: ", fg="yellow")
        click.echo(warning + printable(found.warning(str(version))), err=True)


def as_mapping(version: ModelVersion) -> dict[str, str | None] | None:
    """The value of the key `deprecated` in JSON output."""
    found = version.deprecation
    if found is None:
        return None
    return {
        "since": found.since or None,
        "reason": found.reason or None,
        "replacement": found.replacement or None,
        "sunset": found.sunset or None,
        "migration": found.migration or None,
    }
