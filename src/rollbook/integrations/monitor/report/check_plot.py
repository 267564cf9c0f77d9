"""A check over time as a picture in a page: SVG by matplotlib, in the page's own colours.

Colours stand in the picture as numbers that no theme has, and become the page's variables (`--breach`), so
that it is seen in the light and in the dark. The same panel gives the same picture.
"""

from __future__ import annotations

import io
import re
from importlib import import_module
from typing import TYPE_CHECKING, Any

from rollbook.errors import BadCall
from rollbook.integrations.monitor.outcome import State
from rollbook.text import printable

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from rollbook.integrations.monitor.replay.replay_result import Look
    from rollbook.integrations.monitor.report.check_panel import Panel

# As many versions as there are colours, in turn.
VERSION_COLOURS = 6
_NAMES = ("ink", "faint", "warning", "breach", "unknown", *(f"v{n}" for n in range(VERSION_COLOURS)))
_STANDS_FOR = {name: f"#01fe{place:02x}" for place, name in enumerate(_NAMES)}
_SIZE = (10.0, 2.6)  # inches; the page scales it
# The same for each, so that one moment is at one place all down the page.
_MARGINS = {"left": 0.062, "right": 0.985, "top": 0.86, "bottom": 0.15}
_LABEL_ROOM = 0.055  # of the width: what a version's name at a line needs
_MOST_DOTTED = 80  # figures that are shown as dots too
_STYLE = re.compile(r'style="[^"<>]*"')


def require_plots() -> None:
    """Raise BadCall where pictures can't be drawn."""
    try:
        import_module("matplotlib.figure")
    except ImportError as error:
        raise BadCall("matplotlib is not installed", hint='pip install "rollbook[monitor]"') from error


def picture(panel: Panel, number: int) -> str:
    """Return a panel as an SVG element. `number` tells its ids from those of the page's other pictures.
    Raises BadCall without matplotlib."""
    require_plots()
    figure_of = import_module("matplotlib.figure").Figure
    settings = import_module("matplotlib").rc_context
    text = io.StringIO()
    # The ids in an SVG are random otherwise, and the date would change it each time.
    told = {"Date": None, "Creator": None, "Format": None, "Type": None}
    fixed = {"svg.fonttype": "none", "font.sans-serif": ["DejaVu Sans"], "timezone": "UTC"}
    with settings({"svg.hashsalt": f"rollbook-{number}", **fixed}):
        figure = figure_of(figsize=_SIZE)
        figure.subplots_adjust(**_MARGINS)
        figure.patch.set_alpha(0)
        _draw(figure.subplots(), panel)
        figure.savefig(text, format="svg", metadata=told)
    return _in_page(text.getvalue())


def _draw(axes: Any, panel: Panel) -> None:
    _dress(axes, panel)
    _shade(axes, panel)
    for place, track in enumerate(panel.tracks):
        colour = _STANDS_FOR[f"v{place % VERSION_COLOURS}"]
        for run in panel.runs(track):
            dots = {"marker": "o", "markersize": 2.5} if len(run) <= _MOST_DOTTED else {}
            times = [look.at for look in run]
            axes.plot(times, [_number(look.value) for look in run], color=colour, linewidth=1.4, **dots)
            _baseline(axes, run, times, colour)
            for state, values in panel.bounds_around(run):
                axes.plot(times, [_number(value) for value in values], **_bound_style(state))
    _bounds(axes, panel)
    _moves(axes, panel)


def _dress(axes: Any, panel: Panel) -> None:
    dates = import_module("matplotlib.dates")
    period, ink = panel.replay.period, _STANDS_FOR["ink"]
    axes.set_xlim(period.start, period.end)
    locator = dates.AutoDateLocator(minticks=4, maxticks=10)
    axes.xaxis.set_major_locator(locator)
    axes.xaxis.set_major_formatter(dates.ConciseDateFormatter(locator))
    axes.patch.set_alpha(0)
    axes.grid(True, axis="y", color=_STANDS_FOR["faint"], linewidth=0.6)
    axes.set_axisbelow(True)
    axes.tick_params(labelsize=8, colors=ink)
    axes.xaxis.get_offset_text().set(color=ink, fontsize=8)
    axes.yaxis.get_offset_text().set(color=ink, fontsize=8)
    axes.ticklabel_format(axis="y", scilimits=(-4, 5))
    axes.margins(y=0.15)
    for side, spine in axes.spines.items():
        spine.set_visible(side in ("left", "bottom"))
        spine.set_color(_STANDS_FOR["faint"])


def _shade(axes: Any, panel: Panel) -> None:
    """Shade what was no good: the colour tells it, and hatching where nothing is known."""
    for span in panel.spans():
        if span.state is State.OK:
            continue
        colour = _STANDS_FOR[span.state.value]
        is_unknown = span.state is State.UNKNOWN
        axes.axvspan(
            span.window.start,
            span.window.end,
            facecolor="none" if is_unknown else colour,
            edgecolor=colour,
            alpha=0.5 if is_unknown else 0.18,
            hatch="////" if is_unknown else None,
            linewidth=0,
            zorder=0.4,
        )


def _bounds(axes: Any, panel: Panel) -> None:
    bounds = panel.bounds
    for state, lines in (
        (State.BREACH, (bounds.least, bounds.most)),
        (State.WARNING, (bounds.warn_least, bounds.warn_most)),
    ):
        for line in lines:
            if line is not None:
                axes.axhline(line, **_bound_style(state))


def _bound_style(state: State) -> dict[str, Any]:
    return {"color": _STANDS_FOR[state.value], "linewidth": 1.2, "linestyle": (0, (5, 3))}


def _baseline(axes: Any, run: Sequence[Look], times: Sequence[datetime], colour: str) -> None:
    if any(look.baseline is not None for look in run):
        values = [_number(look.baseline) for look in run]
        axes.plot(times, values, color=colour, linewidth=1, linestyle=":", alpha=0.8)


def _moves(axes: Any, panel: Panel) -> None:
    """Mark what came into a stage, with its version above the line where there is room: two rows of names."""
    period = panel.replay.period
    length = (period.end - period.start).total_seconds()
    taken = [-1.0, -1.0]  # up to where each row is full
    for move in panel.moves:
        place = (move.at - period.start).total_seconds() / length
        style = (0, (1, 1.5)) if move.is_return else "-"
        axes.axvline(move.at, color=_STANDS_FOR["ink"], linewidth=1, linestyle=style, alpha=0.7)
        row = next((row for row, end in enumerate(taken) if place >= end), None)
        if row is None:
            continue
        stage = f" {move.stage}" if len(panel.settings.stages) > 1 else ""
        label = printable(f"{'back: ' if move.is_return else ''}{move.version}{stage}"[:32])
        taken[row] = place + max(_LABEL_ROOM, 0.009 * len(label))
        axes.text(
            place, 1.02 + 0.09 * row, label, transform=axes.transAxes, color=_STANDS_FOR["ink"], fontsize=8,
            ha="left", va="bottom", parse_math=False,
        )  # fmt: skip


def _number(value: float | None) -> float:
    return float("nan") if value is None else value  # drawn as a gap


def _in_page(svg: str) -> str:
    """Return the SVG as an element of a page: without what stands before it, in the page's colours."""
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r"<metadata>.*?</metadata>|<style .*?</style>", "", svg, flags=re.DOTALL)
    svg = re.sub(r'<g id="[a-zA-Z0-9_.]+">', "<g>", svg)
    svg = re.sub(r'^<svg [^>]*?(viewBox="[0-9. ]+")[^>]*>', r'<svg \1 aria-hidden="true">', svg)
    return _STYLE.sub(_coloured, svg)


def _coloured(match: re.Match[str]) -> str:
    style = match[0]
    for name, number in _STANDS_FOR.items():
        style = style.replace(number, f"var(--{name})")
    return style
