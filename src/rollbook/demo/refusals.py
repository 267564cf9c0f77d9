"""The chapter of the story in which someone tries to get around the rules."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rollbook.demo.cast import MODEL, SHUFFLED, git, promotion, registration, rollbook
from rollbook.demo.scene import Chapter, Edit, Say
from rollbook.layout import manifest_path, stages_path

if TYPE_CHECKING:
    from rollbook.demo.scene import Figures, Step


def refuse(figures: Figures) -> Chapter:
    """What is tried to get the bad model into production, and what stops it."""
    return Chapter(
        "Attempts to get around the rules",
        [
            Say("The bad model may be registered: the registry records what is, good or bad."),
            registration(
                "shuffled",
                figures.framework,
                "--algorithm",
                "logistic-regression",
                "--land",
                says=(f"{MODEL}@v1.2.0",),
            ),
            *_refused_jump(),
            Say("Through staging, then. But the gate of production reads the metrics:"),
            promotion(SHUFFLED, "staging", "looks fine to me", "--land"),
            promotion(
                SHUFFLED,
                "production",
                "deadline",
                code=1,
                says=("RB401", "metric-threshold", str(figures.shuffled)),
            ),
            *_refused_edit(figures),
        ],
    )


def _refused_jump() -> list[Step]:
    return [
        Say("Straight into production, past staging? The policy has no such transition:"),
        promotion(
            SHUFFLED,
            "production",
            "no time for a trial",
            code=1,
            says=("no transition from development to production",),
        ),
        Say("By hand, then, on a branch of one's own:"),
        git("registry", "switch", "--quiet", "--create", "shortcut"),
        Edit(
            f"registry/{stages_path(MODEL)}",
            r"(?<=production:\n  version: )1\.1\.0",
            "1.2.0",
            "production holds 1.2.0",
        ),
        git("registry", "commit", "--quiet", "--all", "-m", "Put 1.2.0 into production"),
        rollbook("land", "shortcut", code=1, says=("RB303", "development to production")),
        git("registry", "switch", "--quiet", "main"),
    ]


def _refused_edit(figures: Figures) -> list[Step]:
    manifest = manifest_path(MODEL, "1.2.0")
    return [
        Say("So the metrics are what has to change. A manifest is a text file, after all:"),
        git("registry", "switch", "--quiet", "--create", "better-figures"),
        Edit(
            f"registry/{manifest}",
            rf"(?<=\n  auc: ){re.escape(str(figures.shuffled))}\b",
            "0.9991",
            f"auc: {figures.shuffled} becomes auc: 0.9991",
        ),
        git("registry", "commit", "--quiet", "--all", "-m", "Correct the auc"),
        rollbook("check", "--base", "main", "--head", "better-figures", code=1, says=("RB301", manifest)),
        git("registry", "switch", "--quiet", "main"),
        Say("What was registered is write-once. CI says so, and the pull request can't be merged."),
    ]
