"""Which moments of the past a replay looks at."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from rollbook.errors import BadCall, InvalidFile
from rollbook.integrations.monitor.outcome import Window
from rollbook.names import parse_moment
from rollbook.records.monitoring import parse_span

if TYPE_CHECKING:
    from datetime import datetime

MOST_STEPS = 5_000
_UNITS = (("d", 86400), ("h", 3600), ("m", 60), ("s", 1))
# Beyond, the time between two looks counts as none, and nothing that has to last would ever be entered.
_LONGEST_STEP = timedelta(days=1)


def parse_replay_period(text: str, now: datetime) -> Window:
    """Read `START..END`, two dates or times, the second one's whole day included; `7d..` begins so long ago,
    and without an END it is now. Nothing later than now is looked at. Raises BadCall for anything else."""
    start, dots, end = text.partition("..")
    if not dots or not start:
        raise BadCall(f"{text[:60]!r} is no period", hint="Write it like 2026-03-01..2026-03-31, or 7d..")
    return replay_window(start, end, now)


def replay_window(start: str, end: str, now: datetime) -> Window:
    """Return the time between two moments, each a date, a time, or a span such as `7d` before now; no `end`
    is now. Raises BadCall for what is neither, and for a period that is empty or still to come."""
    # Whole seconds: sources of series know no finer ones.
    begins = _moment(start, now, begins=True).replace(microsecond=0)
    ends = _moment(end, now, begins=False) if end else now
    window = Window(begins, min(now, ends).replace(microsecond=0))
    if window.end <= window.start:
        message = f"nothing lies between {start[:40]!r} and {end[:40] or 'now'!r} that is past"
        raise BadCall(message, hint="Write it like 2026-03-01..2026-03-31, or 7d..")
    return window


def parse_step(text: str) -> timedelta:
    """Return how far apart two looks are. Raises BadCall for no span of time, or one above a day."""
    step = _span(text)
    if step is None:
        raise BadCall(f"{text[:40]!r} is no step", hint="Write --step 5m, 1h or the like.")
    if step > _LONGEST_STEP:
        raise BadCall(f"a step of {text[:40]} is too long: a day is the most", hint="Give --step 1d or less.")
    return step


def moments_of(period: Window, step: timedelta) -> tuple[datetime, ...]:
    """Return the moments of a period, from its start on. Raises BadCall where they are too many."""
    count = (period.end - period.start) // step + 1
    if count > MOST_STEPS:
        raise BadCall(
            f"{count} steps are too many: {MOST_STEPS} are the most",
            hint="Give a longer --step, or a shorter period.",
        )
    return tuple(period.start + place * step for place in range(count))


def span_text(span: timedelta) -> str:
    """Return a span of time as settings write it: `90m`, `1h`, `7d`."""
    seconds = int(span.total_seconds())
    name, unit = next((name, unit) for name, unit in _UNITS if seconds % unit == 0)
    return f"{seconds // unit}{name}"


def _moment(text: str, now: datetime, *, begins: bool) -> datetime:
    span = _span(text)
    return parse_moment(text, begins=begins) if span is None else now - span


def _span(text: str) -> timedelta | None:
    try:
        return parse_span(text, "", "")
    except InvalidFile:
        return None
