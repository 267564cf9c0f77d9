"""A comparison as a picture: each metric over the versions, with the stages marked."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from rollbook.errors import BadCall
from rollbook.names import precedence

if TYPE_CHECKING:
    from pathlib import Path

    from rollbook.insight.compare.comparison import Compared, Comparison

FORMATS = (".svg", ".png")
_HEIGHT, _WIDTH = 2.2, 1.4  # inches, of one metric and of one version


def plot(comparison: Comparison, path: Path) -> None:
    """Write the picture to `path`, which ends in `.svg` or `.png`, one panel a metric, versions from old to
    new. The same comparison gives the same SVG. Raises BadCall without matplotlib, or without a metric."""
    if path.suffix not in FORMATS:
        raise BadCall(f"{path.name} is no picture's name", hint=f"End it in {' or '.join(FORMATS)}.")
    if not comparison.metrics:
        raise BadCall(f"the versions of {comparison.model} give no metrics to plot")
    try:
        figure_of = import_module("matplotlib.figure").Figure
        settings = import_module("matplotlib").rc_context
    except ImportError as error:
        raise BadCall("matplotlib is not installed", hint='pip install "rollbook[plot]"') from error
    # The ids in an SVG are random otherwise, and the date would change it each time.
    with settings({"svg.hashsalt": "rollbook", "svg.fonttype": "none"}):
        figure = figure_of(figsize=_size(comparison), layout="constrained")
        _draw(figure, comparison)
        figure.savefig(path, metadata={"Date": None} if path.suffix == ".svg" else None)


def _size(comparison: Comparison) -> tuple[float, float]:
    return max(4.0, _WIDTH * len(comparison.versions)), _HEIGHT * len(comparison.metrics) + 0.6


def _draw(figure: Any, comparison: Comparison) -> None:
    versions = sorted(comparison.versions, key=lambda item: precedence(item.version))
    panels = figure.subplots(len(comparison.metrics), squeeze=False, sharex=True)[:, 0]
    for panel, name in zip(panels, comparison.metrics, strict=True):
        values = [item.metrics[name].value for item in versions]
        # None is drawn as a gap.
        panel.plot(range(len(versions)), [float("nan") if value is None else value for value in values], "o-")
        best = [place for place, item in enumerate(versions) if item.metrics[name].best]
        panel.plot(best, [values[place] for place in best], "*", markersize=14)
        lower = " (lower is better)" if name in comparison.lower_is_better else ""
        # A metric's name is never read as a formula.
        panel.set_title(f"{name}{lower}", fontsize="medium", parse_math=False)
        panel.margins(0.1, 0.2)
    panels[-1].set_xticks(range(len(versions)), [_label(item) for item in versions], parse_math=False)


def _label(item: Compared) -> str:
    return f"{item.version}\n{item.stage}"
