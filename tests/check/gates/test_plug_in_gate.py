"""Gates that an installed package brings."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from .bench import metrics, said, state

if TYPE_CHECKING:
    from pathlib import Path

    from ..desk import Desk

SOURCE = """
from rollbook.check.gates.gate import failed, passed

class Latency:
    name = "acme-latency"
    sentence = "It is quick."
    code = "RB414"

    def verdict(self, settings, promotion):
        most = settings.integer("most_ms")
        found = promotion.manifest.metrics["ms"]
        return (passed if found <= most else failed)(f"{found} ms", f"at most {most} ms")

class Broken(Latency):
    def verdict(self, settings, promotion):
        raise RuntimeError("no connection")

class Mute(Latency):
    def verdict(self, settings, promotion):
        return True
"""


@pytest.fixture(autouse=True)
def _installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "site"
    info = folder / "acme_gates-1.0.dist-info"
    info.mkdir(parents=True)
    (folder / "acme_gates.py").write_text(SOURCE)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: acme-gates\nVersion: 1.0\n")
    names = {"acme-latency": "Latency", "acme-broken": "Broken", "acme-mute": "Mute", "acme-gone": "Gone"}
    points = "".join(f"{name} = acme_gates:{target}\n" for name, target in names.items())
    (info / "entry_points.txt").write_text(f"[rollbook.gates]\n{points}")
    monkeypatch.syspath_prepend(str(folder))


def plug_in(desk: Desk, name: str, figure: float = 10) -> tuple[str, str]:
    gate = {"gate": "plug-in", "name": name, "settings": {"most_ms": 20}}
    verdict = said(desk, gate, metrics("1.1.0", f"ms: {figure}"))
    return state(verdict), verdict.figure


def test_an_installed_gate_judges_with_its_settings(desk: Desk) -> None:
    assert plug_in(desk, "acme-latency") == ("passed", "acme-latency: 10 ms")
    assert plug_in(desk, "acme-latency", 21) == ("failed", "acme-latency: 21 ms")


@pytest.mark.parametrize(
    ("name", "figure"),
    [
        ("acme-broken", "acme-broken broke off: RuntimeError: no connection"),
        ("acme-mute", "acme-mute gave no verdict"),
        ("acme-unknown", "no installed package has a gate 'acme-unknown'"),
        ("acme-gone", "can't be loaded"),
    ],
)
def test_a_gate_that_does_not_answer_lets_nothing_pass(desk: Desk, name: str, figure: str) -> None:
    how, said_so = plug_in(desk, name)
    assert how == "failed"
    assert figure in said_so
