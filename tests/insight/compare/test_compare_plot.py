from __future__ import annotations

from typing import TYPE_CHECKING
from xml.etree import ElementTree

import pytest

from building.memory import registry_of
from rollbook.errors import BadCall
from rollbook.insight.compare.comparison import compare
from rollbook.insight.compare.plot import plot

if TYPE_CHECKING:
    from pathlib import Path

    from rollbook.insight.compare.comparison import Comparison

NAME = "<script>$\\frac{1}{0$"


def _comparison() -> Comparison:
    registry = registry_of(
        {"m@1.10.0": {"metrics": {NAME: 0.9, "loss": 2}}, "m@1.9.0": {"metrics": {NAME: 0.8}}},
        {"m": "production: {version: 1.9.0}\n"},
    )
    return compare(registry.model("m"), ["1.10.0", "1.9.0"])


def test_a_picture_shows_metrics_versions_and_stages_as_plain_text(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    plot(_comparison(), tmp_path / "metrics.svg")
    texts = [text.strip() for text in ElementTree.parse(tmp_path / "metrics.svg").getroot().itertext()]
    assert NAME in texts
    assert "loss (lower is better)" in texts
    places = [texts.index(text) for text in ("1.9.0", "production", "1.10.0", "development")]
    assert places == sorted(places)


def test_the_same_comparison_gives_the_same_picture(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    for name in ("a.svg", "b.svg"):
        plot(_comparison(), tmp_path / name)
    assert (tmp_path / "a.svg").read_bytes() == (tmp_path / "b.svg").read_bytes()


def test_a_name_that_is_no_pictures_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadCall, match=r"metrics\.txt is no picture's name"):
        plot(_comparison(), tmp_path / "metrics.txt")


def test_versions_without_metrics_can_not_be_plotted(tmp_path: Path) -> None:
    registry = registry_of({"m@1.0.0": {}})
    with pytest.raises(BadCall, match="give no metrics to plot"):
        plot(compare(registry.model("m")), tmp_path / "metrics.svg")
