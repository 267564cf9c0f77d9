"""What was found as Markdown: a table for each question, and one of the goals."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.figures import Figures, growth, reached, time_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from benchmarks.figures import Clock
    from benchmarks.question import Goal, Question
    from benchmarks.sizes import Size
    from benchmarks.timing import Timing

BEGIN, END = "<!-- benchmarks:begin -->", "<!-- benchmarks:end -->"


def as_markdown(figures: Figures, questions: Sequence[Question], clock: Clock = "seconds") -> str:
    """The goals first, then each question of which something is known."""
    parts = ["### Goals\n", _goals(figures, questions, clock)]
    for question in questions:
        if figures.labels(question.name):
            parts += [f"### {question.title} (`{question.name}`)\n", _question(figures, question, clock)]
    return "\n".join(parts)


def _goals(figures: Figures, questions: Sequence[Question], clock: Clock) -> str:
    rows = [("question", "at", "goal", "found", "met")]
    for question in questions:
        for goal in question.goals:
            found = reached(figures, question, goal, clock)
            met = "" if found is None else "yes" if found <= goal.most else "**no**"
            rows.append((question.name, goal.size, _goal(goal), _reached(goal, found), met))
    return _table(rows)


def _goal(goal: Goal) -> str:
    if goal.beside and goal.most < 1:
        return f"at least {_number(1 / goal.most)}x faster than {goal.beside}"
    if goal.beside:
        what = "" if goal.figure == "seconds" else f"{goal.figure}: "
        return f"{what}at most {goal.most:g}x {goal.beside}"
    return f"at most {_value(goal.figure, goal.most)}"


def _reached(goal: Goal, found: float | None) -> str:
    if found is None:
        return "not measured"
    if goal.beside:
        return f"{_number(1 / found)}x faster" if goal.most < 1 else f"{found:.2f}x"
    return _value(goal.figure, found)


def _value(figure: str, value: float) -> str:
    match figure:
        case "seconds":
            return duration(value)
        case "processor time":
            return f"{duration(value)} of processor time"
        case "memory":
            return f"{value / (1 << 20):,.0f} MiB of memory"
        case _:
            return f"{value:,.0f} {figure}"


def _question(figures: Figures, question: Question, clock: Clock) -> str:
    sizes = [size for size in figures.sizes if _known(figures, question, size)]
    rows = [("", *(_heading(size) for size in sizes), "growth")]
    for label in figures.labels(question.name):
        timings = [figures.timing(question.name, size.name, label) for size in sizes]
        slope = growth(figures, question.name, label, clock)
        rows.append(
            (
                _name(label, timings),
                *(_cell(timing, clock) for timing in timings),
                "" if slope is None else f"{slope:.2f}",
            )
        )
        for name in _counted(timings):
            counts = [timing.counts.get(name) if timing else None for timing in timings]
            rows.append((f"... {name}", *("" if each is None else f"{each:,.0f}" for each in counts), ""))
    if any(goal.figure == "memory" for goal in question.goals):
        rows.append(_memory(figures, question, sizes))
    return _table(rows)


def _known(figures: Figures, question: Question, size: Size) -> bool:
    return any(figures.timing(question.name, size.name, label) for label in figures.labels(question.name))


def _heading(size: Size) -> str:
    return f"{size.models:,} models, {size.versions:,} versions"


def _name(label: str, timings: Sequence[Timing | None]) -> str:
    kind = next((timing.kind for timing in timings if timing), "rollbook")
    return f"**{label}**" if kind == "rollbook" else f"{kind}: {label}"


def _cell(timing: Timing | None, clock: Clock) -> str:
    if timing is None:
        return ""
    taken = time_of(timing, clock)
    return timing.note if taken is None else duration(taken)


def _counted(timings: Sequence[Timing | None]) -> list[str]:
    return list(dict.fromkeys(name for timing in timings if timing for name in timing.counts))


def _memory(figures: Figures, question: Question, sizes: Sequence[Size]) -> tuple[str, ...]:
    """The most memory of Rollbook's first command."""
    own = [figures.first(question.name, size.name) for size in sizes]
    held = [f"{timing.memory / (1 << 20):,.0f} MiB" if timing and timing.memory else "" for timing in own]
    return ("... memory of the first", *held, "")


def _table(rows: Sequence[tuple[str, ...]]) -> str:
    columns = range(len(rows[0]))
    widths = [max(len(row[column]) for row in rows) for column in columns]
    lines = [
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) + " |"
        for row in rows
    ]
    rule = "|" + "|".join("-" * (width + 2) for width in widths) + "|"
    return "\n".join([lines[0], rule, *lines[1:]]) + "\n"


def _number(number: float) -> str:
    return f"{number:.1f}" if number < 10 else f"{number:,.0f}"


def duration(seconds: float) -> str:
    """A time for a person: `12 µs`, `1.7 ms`, `98 ms`, `2.31 s`, `467 s`."""
    if seconds < 0.001:
        return f"{seconds * 1e6:.0f} µs"
    if seconds < 0.01:
        return f"{seconds * 1000:.1f} ms"
    if seconds < 1:
        return f"{seconds * 1000:.0f} ms"
    return f"{seconds:.2f} s" if seconds < 100 else f"{seconds:.0f} s"


def into_page(page: str, tables: str) -> str:
    """A page with its tables replaced, which stand between two comments. Raises ValueError without them."""
    head, begin, rest = page.partition(BEGIN)
    _, end, tail = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"the page has no {BEGIN} ... {END}")
    return f"{head}{BEGIN}\n\n{tables}\n{END}{tail}"
