"""A model on a terminal: what it is, what stands where, and what happened to it last."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from rollbook.cli.output import print_facts

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from rollbook.api.model_answers import LastChange, ShownModel

_MOST = 10  # versions of a stage


def print_model(shown: ShownModel) -> None:
    """Print what is known of a model, for a person."""
    click.echo(click.style(shown.model, bold=True))
    print_facts(_summary(shown))
    _print_section("stages", ((stage, _few(versions)) for stage, versions in shown.stages.items()))
    _print_section("aliases", shown.aliases.items())
    _print_section(
        "newest versions",
        (
            (
                version.version,
                f"{version.stage}{' (artifact removed)' if version.removed else ''}, registered "
                f"{version.created_at} by {version.created_by}",
            )
            for version in shown.newest
        ),
    )
    _print_section(
        "gates",
        (
            (gate.gate, f"before {' and '.join(gate.to) or 'every stage'}{_settings(gate.settings)}")
            for gate in shown.gates
        ),
    )
    _print_section("extra", ((name, str(value)) for name, value in shown.record.extra.items()))


def _summary(shown: ShownModel) -> list[tuple[str, str]]:
    record = shown.record
    count = f"{shown.versions}, the newest {shown.latest}" if shown.latest else "none yet"
    return [
        ("display name", record.display_name),
        ("description", record.description),
        ("use case", record.use_case),
        ("owner", record.owner),
        ("team", record.team),
        ("task", record.task),
        ("compliance", record.compliance),
        ("data class", record.data_classification),
        ("tags", ", ".join(f"{name}={value}" for name, value in record.tags.items())),
        ("versions", count),
        ("last change", _told(shown.last_change) if shown.last_change else ""),
        ("open requests", ", ".join(shown.requests or ())),
    ]


def _told(last: LastChange) -> str:
    people = f"{last.requested_by}, approved by {last.approved_by}" if last.approved_by else last.requested_by
    what = f"{last.at}: {last.change} ({people})" if people else f"{last.at}: {last.change}"
    return f"{what}: {last.reason}" if last.reason else what


def _few(versions: Sequence[str]) -> str:
    before = len(versions) - _MOST
    few = ", ".join(versions[-_MOST:])
    return f"{few}, and {before} more that came in before" if before > 0 else few


def _settings(settings: Mapping[str, Any]) -> str:
    """Return what a gate asks for, but for its name and its stages."""
    own = [f"{name}: {_text(value)}" for name, value in settings.items() if name not in ("gate", "to")]
    return f"; {', '.join(own)}" if own else ""


def _text(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)


def _print_section(title: str, facts: Iterable[tuple[str, str]]) -> None:
    shown = [(f"  {name}", value) for name, value in facts if value]
    if shown:
        click.echo(f"\n{title}")
        print_facts(shown)
