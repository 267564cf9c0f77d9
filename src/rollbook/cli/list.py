"""`rollbook list`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from rollbook.cli import options
from rollbook.cli.output import print_json, print_table, say
from rollbook.cli.source import at_repositories, opened_federation, opened_registry
from rollbook.cli.told_use import usage_option, warn_of_unknown
from rollbook.errors import Refused
from rollbook.names import moment_text, parse_moment
from rollbook.registry.list_filter import MODEL_ORDERS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rollbook.api.public_federation import Federation
    from rollbook.api.reading import ReadOnlyRegistry
    from rollbook.git.repository import Repository
    from rollbook.registry.listing import ListedModel, ListedVersion
    from rollbook.retention.stale import StaleVersions

# How the default policy's stages stand out on a terminal; those of `_OVER` are left out first.
_STAGE_COLOURS = {
    "production": "green",
    "canary": "cyan",
    "staging": "yellow",
    "deprecated": "bright_black",
    "archived": "bright_black",
}
_SHOWN = 3  # versions of a stage, on a terminal
_OVER = ("archived", "deprecated")


@click.command("list")
@click.argument("model", required=False)
@click.option(
    "--stale",
    metavar="SPAN",
    help="List the versions that nothing uses and nothing happened to for SPAN: 90d, 12w.",
)
@click.option("--stage", metavar="STAGE", help="What has a version in STAGE; the versions in it.")
@click.option("--owner", metavar="WHO", help="The models that WHO answers for.")
@click.option("--team", metavar="TEAM", help="The models of TEAM.")
@click.option("--task", metavar="TASK", help="The models for TASK, e.g. classification.")
@click.option(
    "--tag",
    "tags",
    metavar="NAME[=TEXT]",
    multiple=True,
    help="What bears this tag: models, or versions of MODEL. Repeatable: all of them.",
)
@click.option(
    "--sort",
    type=click.Choice(MODEL_ORDERS),
    help="Models by name (the default), by when the newest version was registered, by its stage, ...",
)
@click.option("--reverse", is_flag=True, help="Turn the order round.")
@usage_option
@at_repositories
@options.snapshot
@options.directory
@options.as_json
def command(
    model: str | None,
    stale: str | None,
    usage: bool,
    repo: tuple[str, ...],
    rev: str | None,
    at: str | None,
    as_json: bool,
    **wanted: Any,
) -> None:
    """List the models, their newest versions and their stages; or the versions of MODEL.

    With several --repo, the models of all of them, and which registry each is in. A version whose artifact is
    removed is in no stage here, though stages.yaml keeps its line. Versions are sorted by name, created or
    stage; stages come in the policy's order, and what doesn't say what it is sorted by comes last.

    With --stale, what runs or served within SPAN is left out, by evidence and by the source that the policy's
    `monitoring.usage` names; so is what nobody can tell of, which is said.
    """
    if len(repo) > 1:
        if stale is not None:
            raise click.UsageError("--stale looks at one registry.")
        with opened_federation(repo, rev, at) as federation:
            _list(federation, model, wanted, as_json=as_json)
        return
    with opened_registry(repo[0] if repo else None, rev, at) as registry:
        if stale is None:
            is_plain = not (repo or rev or at or as_json or model or any(wanted.values()))
            requested = _count_open_requests(registry.repository) if is_plain else 0
            _list(registry, model, wanted, as_json=as_json, requested=requested)
            if requested:
                say(f"open requests: {requested} (rollbook requests)")
        else:
            now = parse_moment(at) if at else None
            listed = registry.list(model, stale=stale, usage=usage, now=now, **wanted)
            _print_stale(listed, as_json=as_json)


def _list(
    registry: ReadOnlyRegistry | Federation,
    model: str | None,
    wanted: dict[str, Any],
    *,
    as_json: bool,
    requested: int = 0,
) -> None:
    is_narrowed = any(value for name, value in wanted.items() if name not in ("sort", "reverse"))
    if model is not None:
        given = {name: value for name, value in wanted.items() if value}
        _print_versions(registry.list(model, **given), as_json=as_json, is_narrowed=is_narrowed)
    else:
        listed = registry.list(**wanted)
        _print_models(listed, as_json=as_json, requested=requested, is_narrowed=is_narrowed)


def _count_open_requests(repository: Repository) -> int:
    from rollbook.registry.main_branch import published_commit
    from rollbook.registry.request_branches import open_branches, request_branches

    try:
        branches = request_branches(repository)
        return len(open_branches(repository, branches, published_commit(repository))) if branches else 0
    except Refused:
        return 0  # what is checked out is listed also where main can't be told


def _print_models(listed: Sequence[ListedModel], *, as_json: bool, requested: int, is_narrowed: bool) -> None:
    if as_json:
        print_json(listed)
        return
    if not listed:
        if is_narrowed:
            say("no model is like that")
        elif not requested:
            say("the registry has no models yet; register one: rollbook register MODEL ARTIFACT")
        return
    stages = dict.fromkeys(stage for row in listed for stage in row.stages)
    shown_stages = [name for name in stages if any(row.stages.get(name) for row in listed)]
    rows = [
        [
            *([row.registry] if row.registry else []),
            row.model,
            row.latest or "",
            *(", ".join(row.stages.get(name, ())) for name in shown_stages),
        ]
        for row in listed
    ]
    columns = [*(["registry"] if listed[0].registry else []), "model", "latest", *shown_stages]
    lesser = [name for name in reversed(shown_stages) if name not in _STAGE_COLOURS]
    may_go = [*_OVER, *lesser, "staging", "canary", "latest"]
    print_table(
        columns, rows, may_go=may_go, paint=lambda column, _: _STAGE_COLOURS.get(column), brief=_newcomers
    )


def _newcomers(cell: str) -> str:
    """Return those versions of a stage that came last, and how many more there are."""
    versions = cell.split(", ")
    more = len(versions) - _SHOWN
    return f"{', '.join(versions[-_SHOWN:])} +{more}" if more > 0 else cell


def _print_stale(listed: StaleVersions, *, as_json: bool) -> None:
    warn_of_unknown(listed.unknown)
    if as_json:
        print_json(listed)
        return
    rows = [
        [
            stale.model,
            stale.version,
            stale.stage,
            stale.last,
            moment_text(stale.at),
            str(stale.days),
        ]
        for stale in listed
    ]
    print_table(["model", "version", "stage", "last", "at", "days"], rows, may_go=["at", "last"])


def _print_versions(listed: Sequence[ListedVersion], *, as_json: bool, is_narrowed: bool) -> None:
    if as_json:
        print_json(listed)
        return
    if not listed and is_narrowed:
        say("no version is like that")
        return
    rows = [
        [
            row.version,
            f"{row.stage} (artifact removed)" if row.removed else row.stage,
            ", ".join(row.aliases),
            row.created_at,
            row.created_by,
            " ".join(f"{name}={value:g}" for name, value in row.metrics.items()),
        ]
        for row in listed
    ]
    columns = ["version", "stage", "aliases", "created at", "created by", "metrics"]
    print_table(columns, rows, may_go=["created by", "aliases", "created at"], paint=_version_colour)


def _version_colour(column: str, cell: str) -> str | None:
    return _STAGE_COLOURS.get(cell) if column == "stage" else None
