"""The chapter of the story in which someone tries to get around the rules."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rollbook.cli.demo.cast import MODEL, SHUFFLED, git, promotion, rollbook
from rollbook.cli.demo.scene import Chapter, CommandRun, Edit, SameFinding, Say
from rollbook.layout import manifest_path, stages_path

if TYPE_CHECKING:
    from rollbook.cli.demo.scene import Figures, Step

_HOOK, _CI, _LAND, _SERVER = _PLACES = ("pre-commit", "CI", "land", "server")


def refuse(figures: Figures) -> Chapter:
    """Return what is tried to get the bad model into production, and what stops it."""
    return Chapter(
        "Attempts to get around the rules",
        [
            Say("Straight into production, past staging? The policy has no such transition:"),
            promotion(
                SHUFFLED,
                "production",
                "no time for a trial",
                code=1,
                says=("no transition from development to production",),
            ),
            *_refused_everywhere(figures),
            *_refused_figures(figures),
        ],
    )


def _refused_everywhere(figures: Figures) -> list[Step]:
    """Return the same promotion, written by hand, meets the same findings wherever it comes in."""
    commit = ("git", "commit", "--quiet", "--all", "-m", "Put 1.2.0 into production")
    return [
        Say("By hand, then, on a branch of one's own. The pre-commit hook judges what is staged:"),
        CommandRun("registry", ("rollbook", "hooks", "install"), says=("pre-commit",)),
        git("registry", "switch", "--quiet", "--create", "shortcut"),
        Edit(
            f"registry/{stages_path(MODEL)}",
            r"(?<=production:\n  version: )1\.1\.0",
            "1.2.0",
            "production holds 1.2.0",
        ),
        _refused(commit, _HOOK, figures),
        Say("A hook on one's own machine can be skipped. CI runs the check on its own:"),
        CommandRun("registry", (*commit, "--no-verify")),
        _refused(("rollbook", "check", "--base", "main", "--head", "shortcut"), _CI, figures),
        Say("Bob's approval, which stands in that entry, is of another version: it does not count."),
        _refused(("rollbook", "land", "shortcut"), _LAND, figures),
        Say("Past Rollbook, with nothing but git, straight to the server's main:"),
        _refused(("git", "push", "--quiet", "origin", "shortcut:main"), _SERVER, figures),
        git("registry", "switch", "--quiet", "main"),
        Say("One engine judges in all four places. The finding is the same, to the word:"),
        SameFinding("RB401", _PLACES),
    ]


def _refused(command: tuple[str, ...], place: str, figures: Figures) -> CommandRun:
    says = ("RB303", "RB401", "metric-threshold", str(figures.shuffled), "signed something else")
    return CommandRun("registry", command, 1, says, lines=6, keep=place)


def _refused_figures(figures: Figures) -> list[Step]:
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
        git("registry", "commit", "--quiet", "--all", "--no-verify", "-m", "Correct the auc"),
        rollbook("check", "--base", "main", "--head", "better-figures", code=1, says=("RB301", manifest)),
        git("registry", "switch", "--quiet", "main"),
        Say("What was registered is write-once. CI says so, and the pull request can't be merged."),
    ]
