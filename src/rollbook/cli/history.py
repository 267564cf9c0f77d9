"""`rollbook history [MODEL]`."""

from __future__ import annotations

import gc
import json
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from rollbook import layout
from rollbook.cli import options
from rollbook.cli.output import json_text, print_table, say, warn
from rollbook.names import parse_reference
from rollbook.text import printable, spreadsheet_cell
from rollbook.trail.event import Action
from rollbook.trail.told_changes import COLUMNS as CHANGE_COLUMNS
from rollbook.trail.told_changes import change_row, told, told_together

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from rollbook.git.repository import Repository
    from rollbook.trail.tag import RecordedTag
    from rollbook.trail.told_changes import Told
    from rollbook.transfer.gto.past_events import PastEvent

_EVENT_COLUMNS = ("when", "model", "version", "action", "from", "to", "by", "reason")
_MAY_GO = ("approved by", "from", "by", "reason")
_TABLES = ("table", "events")
_FORMATS = ("table", "json", "jsonl", "csv", "markdown", "html")


@click.command("history")
@click.argument("model", required=False)
@click.option("--since", metavar="DATE", help="What landed on DATE or later.")
@click.option("--until", metavar="DATE", help="What landed on DATE or before.")
@click.option(
    "--action", type=click.Choice([action.value for action in Action]), help="What happened, by its kind."
)
@click.option("--stage", metavar="STAGE", help="What entered or left STAGE; @ALIAS for an alias.")
@click.option("--by", metavar="WHO", help="What WHO asked for or approved.")
@click.option("--ref", metavar="REF", help="What happened to one version.")
@click.option("--past", is_flag=True, help="Also what the tags of GTO tell of the time before a takeover.")
@click.option(
    "--report", metavar="START..END", help="Write the compliance report of a period, given by its two dates."
)
@click.option(
    "--format", "form", type=click.Choice(_FORMATS), help="Default: a table; of a report, Markdown."
)
@click.option(
    "-o", "--output", type=click.Path(dir_okay=False, path_type=Path), help="Write to a file, not to stdout."
)
@click.option("--events", is_flag=True, help="A line for each event, as the tags record them.")
@options.snapshot
@options.directory
@options.as_json
def command(
    model: str | None,
    rev: str | None,
    at: str | None,
    as_json: bool,
    report: str | None,
    form: str | None,
    output: Path | None,
    past: bool,
    events: bool,
    **narrowed: str | None,
) -> None:
    """List what people changed about MODEL, or about all: when, what, who asked and who approved, and why.

    A change is a line, also where several events record it: a version that comes into production displaces
    another. --events has a line for each of them, and so have JSON and CSV. Read from the audit trail's tags,
    oldest first; with --past, after what older tags tell. With --report,
    the compliance report of a period: what there is at its end, every transition with its approvals and
    gates, what was overridden, and whether the trail verifies.
    """
    gc.disable()  # very many small objects, and none in a circle
    click.get_current_context().call_on_close(gc.enable)
    if as_json and form not in (None, "json"):
        raise click.UsageError("Give either --json or --format.")
    if events and (as_json or report is not None or form not in (None, "table")):
        raise click.UsageError("--events is about the table; the other forms have all events.")
    form = "json" if as_json else form
    if output is not None and report is None and form in (None, "table"):
        raise click.UsageError("--output goes with --format json, jsonl or csv, or --report.")
    text: str | None
    if report is not None:
        text = _report(report, model, form or "markdown", rev, at, narrowed)
    else:
        form = "events" if events else form or "table"
        text = _events(model, form, rev, at, narrowed, past=past)
    _warn_if_shallow()
    if text is None:
        return
    if output is None:
        click.echo(text, nl=False)
    else:
        from rollbook.artifact.placed_file import write_whole

        write_whole(output, text.encode())


def _events(
    model: str | None,
    form: str,
    rev: str | None,
    at: str | None,
    narrowed: dict[str, str | None],
    *,
    past: bool,
) -> str | None:
    """Return the events as JSON, JSON Lines or CSV; the other forms are printed."""
    if form in ("markdown", "html"):
        raise click.UsageError(f"--format {form} is for a report: give --report START..END.")
    ref = narrowed.pop("ref")
    is_table = form in _TABLES
    repository = None if rev or at or past or model or ref or not is_table else _registry_here()
    if repository is not None:
        _print_all(repository, form, narrowed)
        return None
    from rollbook.cli.source import opened_registry

    if model is not None and ref is not None and parse_reference(ref).model != model:
        raise click.UsageError(f"--ref {ref} is no version of {model}.")
    with opened_registry(None, rev, at) as registry:
        listed = registry.history(model, ref=ref, past=past, with_evidence=not is_table, **narrowed)
    if is_table:
        _print_table(form, listed.past, listed.events)
        return None
    if form == "json":
        return json_text(listed)
    rows = listed.as_document()
    return "".join(f"{json.dumps(row)}\n" for row in rows) if form == "jsonl" else _csv(rows)


def _warn_if_shallow() -> None:
    from rollbook.git.shallow import is_shallow

    if is_shallow(options.repository()):
        warn("this clone is shallow: what landed before its oldest commit is not told here")
        say("hint: git fetch --unshallow --tags")


def _registry_here() -> Repository | None:
    """Return the repository, where a registry is checked out: its tags say all, and none of its files is
    read.
    """
    repository = options.repository()
    is_here = repository.work_tree is not None and (repository.work_tree / layout.POLICY).is_file()
    return repository if is_here else None


def _print_all(repository: Repository, form: str, narrowed: dict[str, str | None]) -> None:
    """Print the events of a registry that is checked out: they need not be held together."""
    from rollbook.trail import history

    if any(narrowed.values()):
        event_filter = history.narrowed(**narrowed)
        _print_table(form, (), history.each_event(repository, "HEAD", None, event_filter))
    elif form == "events":
        _print_rows(_EVENT_COLUMNS, history.each_shown(repository, "HEAD"))
    else:
        _print_rows(CHANGE_COLUMNS, history.each_change(repository, "HEAD"))


def _print_table(form: str, past: Iterable[PastEvent], events: Iterable[RecordedTag]) -> None:
    if form == "events":
        from rollbook.trail.known_tags import shown

        _print_rows(_EVENT_COLUMNS, chain(map(_past_row, past), map(shown, events)))
    else:
        every = chain(map(_past_told, past), map(told, events))
        _print_rows(CHANGE_COLUMNS, map(change_row, told_together(every)))


def _print_rows(columns: Sequence[str], every: Iterable[list[str]]) -> None:
    rows = iter(every)
    first = next(rows, None)
    if first is None:
        say(
            "nothing of the kind is recorded here; `git fetch --tags` brings the tags that a clone may lack, "
            "`rollbook audit record` records what landed on main"
        )
        return
    print_table(columns, chain([first], rows), may_go=_MAY_GO)


def _past_row(event: PastEvent) -> list[str]:
    fields = event.as_mapping()
    keys = ("requested_at", "model", "version", "action", "from", "to", "requested_by", "reason")
    return [str(fields[key] or "") for key in keys]


def _past_told(event: PastEvent) -> Told:
    when, model, version, action, start, target, by, reason = _past_row(event)
    return (when, model, version, action, start, target, by, reason, "", when, "")


def _csv(rows: Sequence[dict[str, Any]]) -> str:
    """RFC 4180, one header line; lists are joined by blanks. A spreadsheet takes nothing for a formula."""
    import csv
    import io

    columns = [
        "tag", "action", "event", "model", "version", "from", "to", "reason", "requested_by", "requested_at",
        "approved_by", "pull_request", "landed_in", "landed_at", "commit", "manifest_digest",
        "artifact_digest", "origin", "previous_event", "evidence",
    ]  # fmt: skip
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(columns)
    writer.writerows([_cell(row[column]) for column in columns] for row in rows)
    return text.getvalue()


def _cell(value: object) -> str:
    text = " ".join(map(str, value)) if isinstance(value, list) else "" if value is None else str(value)
    return spreadsheet_cell(printable(text))


def _report(
    period: str,
    model: str | None,
    form: str,
    rev: str | None,
    at: str | None,
    narrowed: dict[str, str | None],
) -> str:
    from rollbook.insight.compliance.report_html import as_html
    from rollbook.insight.compliance.report_markdown import as_markdown

    if rev or at or any(narrowed.values()):
        raise click.UsageError("--report covers the period whole: leave the other options out.")
    if form not in ("markdown", "html"):
        raise click.UsageError("A report is written as --format markdown or html.")
    report = options.registry().report(period, model)
    return as_html(report) if form == "html" else as_markdown(report)
