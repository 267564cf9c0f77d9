"""The chapter of the story in which production is watched, and a version that fails goes back by itself."""

from __future__ import annotations

from rollbook.cli.demo.cast import BOOSTING, MODEL, git, promotion, rollbook
from rollbook.cli.demo.scene import Chapter, Edit, Say, Write

_MONITORING = """
monitoring:
  sources:
    ward: {source: file, path: ../figures.json}
  checks:
    - {check: threshold, name: missed-tumours, source: ward, metric: missed, max: 0.05,
       min_samples: 50, confirm: 1}
  on_breach: {evidence: land, rollback: land}
"""
_FIGURES = '[{"metric": "missed", "value": 0.01, "samples": 400, "version": "1.1.0"}]\n'


def watch() -> Chapter:
    """Return what is asked of production, what the monitor sees, and what it does about it."""
    return Chapter(
        "Production is watched, and what fails there goes back by itself",
        [
            Say("What is asked of the version that serves, and what the monitor may do, is in the policy:"),
            Edit(
                "registry/registry/policy.yaml",
                r"\Z",
                _MONITORING,
                "a check of what the ward says, and leave to roll back",
            ),
            git("registry", "switch", "--quiet", "--create", "watch"),
            git("registry", "commit", "--quiet", "--all", "-m", "Watch what serves"),
            git("registry", "switch", "--quiet", "main"),
            rollbook("land", "watch", says=("landed watch on main",)),
            Write("figures.json", _FIGURES),
            rollbook("monitor", MODEL, says=(BOOSTING, "ok")),
            Say("At night, with a new scanner, the ward misses one tumour in five. Nobody is called:"),
            Edit("figures.json", r"0\.01", "0.2", "missed: 0.01 becomes 0.2"),
            rollbook(
                "monitor",
                MODEL,
                code=1,
                says=("breach", "evidence: landed: monitoring-", "rollback: landed: back to 1.0.0"),
            ),
            rollbook("list", says=("1.0.0",)),
            Say("Back by accident? Not without a word on what the monitor put on record:"),
            promotion(BOOSTING, "production", "it was better", code=1, says=("RB422", "--despite")),
        ],
    )
