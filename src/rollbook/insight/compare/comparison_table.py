"""A comparison as a table for people, as Markdown, as CSV, and as a DataFrame."""

from __future__ import annotations

import csv
import io
import json
import math
from typing import TYPE_CHECKING, Any

from rollbook.insight.tabular import TypedColumn, kind_of, library
from rollbook.text import inert_code, spreadsheet_cell

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from rollbook.insight.compare.comparison import Compared, Comparison, Difference, Figure

_LONGEST_CELL = 100
# A forge takes comments up to some length only.
_MOST_ROWS = 60


def as_rows(comparison: Comparison) -> tuple[list[str], list[list[str]]]:
    """Return the head and the rows of a table with a column for each version. Texts are as the files have
    them."""
    versions = comparison.versions
    facts = [
        _row("stage", versions, lambda item: ", ".join([item.stage, *item.aliases])),
        _row("registered", versions, lambda item: item.created_at),
        _row("size", versions, lambda item: f"{item.size:,} bytes"),
        *(
            [_row("evidence", versions, lambda item: ", ".join(item.evidence))]
            if any(item.evidence for item in versions)
            else []
        ),
        *([_row("metrics from", versions, lambda item: item.metrics_from)] if comparison.evidence else []),
        *(
            [f"{name} (lower is better)" if name in comparison.lower_is_better else name]
            + [_figure(item.metrics[name]) for item in versions]
            for name in comparison.metrics
        ),
        *(
            [item.name, *(_shortened(_text(value)) for value in item.values)]
            for item in _differences(comparison)
        ),
    ]
    return ["", *(item.version for item in versions)], facts


def as_markdown(comparison: Comparison) -> str:
    """Return a table for a pull request's comment, in which nothing that a file holds can act."""
    head, rows = as_rows(comparison)
    source = f", metrics of {inert_code(comparison.evidence)} evidence" if comparison.evidence else ""
    against = f", changes against {inert_code(comparison.baseline)}" if comparison.baseline else ""
    lines = [
        f"#### {inert_code(comparison.model)}{source}{against}",
        "",
        _line([inert_code(cell) for cell in head]),
        _line(["---"] * len(head)),
        *(_line([inert_code(cell) for cell in row]) for row in rows[:_MOST_ROWS]),
    ]
    if len(rows) > _MOST_ROWS:
        lines += ["", f"{len(rows) - _MOST_ROWS} more rows are left out."]
    return "\n".join(lines) + "\n"


def as_csv(comparison: Comparison) -> str:
    """Return a line for each version below one of names. No text is one that a spreadsheet would run."""
    records = as_records(comparison)
    written = io.StringIO()
    lines = csv.writer(written, lineterminator="\n")
    lines.writerow([spreadsheet_cell(name) for name in records[0]])
    lines.writerows([spreadsheet_cell(_text(value)) if isinstance(value, str | list | dict) else _text(value)
                     for value in record.values()] for record in records)  # fmt: skip
    return written.getvalue()


def as_records(comparison: Comparison) -> list[dict[str, Any]]:
    """Return each version as one flat mapping; all have the same keys."""
    return [
        {
            "version": item.version,
            "stage": item.stage,
            "aliases": " ".join(item.aliases),
            "created_at": item.created_at,
            "size": item.size,
            "evidence": ", ".join(item.evidence),
            "metrics_from": item.metrics_from,
            **{f"metrics.{name}": figure.value for name, figure in item.metrics.items()},
            **{f"hyperparameters.{fact.name}": fact.values[place] for fact in comparison.hyperparameters},
            **{
                fact.name: _text(fact.values[place])
                for fact in (comparison.data, comparison.code)
                if fact is not None
            },
        }
        for place, item in enumerate(comparison.versions)
    ]


def as_dataframe(comparison: Comparison) -> Any:
    """Return a pandas DataFrame with a row for each version, by version. Raises BadCall without pandas."""
    pandas = library("pandas", 'pip install "rollbook[pandas]"')
    return pandas.DataFrame(as_records(comparison)).set_index("version")


def as_columns(comparison: Comparison) -> list[TypedColumn]:
    """Return the columns of a table with a row for each version."""
    records = as_records(comparison)
    return [
        TypedColumn(
            name, "real" if name.startswith("metrics.") else kind_of(name), [one[name] for one in records]
        )
        for name in (records[0] if records else ())
    ]


def _row(name: str, versions: Sequence[Compared], fact: Callable[[Compared], str]) -> list[str]:
    return [name, *(fact(item) for item in versions)]


def _differences(comparison: Comparison) -> list[Difference]:
    others = (comparison.data, comparison.code)
    return [*comparison.hyperparameters, *(fact for fact in others if fact is not None)]


def _figure(figure: Figure) -> str:
    if figure.value is None:
        return ""
    change = "" if figure.change is None else f" ({figure.change:+.4g})"
    return f"{number(figure.value)}{change}{' best' if figure.best else ''}"


def number(value: float) -> str:
    """Format a number for a person: up to six significant digits."""
    return f"{value:.6g}"


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, tuple):
        return ", ".join(map(str, value))
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)


def _shortened(text: str) -> str:
    return text if len(text) <= _LONGEST_CELL else f"{text[: _LONGEST_CELL - 3]}..."


def _line(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"
