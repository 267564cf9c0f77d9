"""The chapters of the story in which people ask what a promotion would meet, and meet it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from rollbook.cli.demo.cast import (
    BOB,
    BOOSTING,
    LOGISTIC,
    MODEL,
    RELEASE_KEY,
    SHUFFLED,
    git,
    promotion,
    rollbook,
)
from rollbook.cli.demo.scene import Chapter, CommandRun, Say, Verdicts
from rollbook.propose.proposal import branch_name

if TYPE_CHECKING:
    from rollbook.cli.demo.scene import Figures, Step

_ALARM = (
    "--status", "failed", "--metric", "alarm_rate=0.93", "--summary", "Nearly everyone is called ill.",
    "--land",
)  # fmt: skip
_PROPOSED = f"{BOOSTING} to production, approved"
_DEPRECATED = f"{LOGISTIC} to deprecated, proposed"


def _asked(reference: str, stage: str) -> str:
    return f"{reference} to {stage}"


def _ask(reference: str, stage: str, *says: str) -> CommandRun:
    """Return what moving a version to a stage would meet now: never everything that is asked for."""
    return CommandRun(
        "registry", ("rollbook", "gates", reference, stage), 1, says, lines=20, keep=_asked(reference, stage)
    )


def _propose_check(branch: str, keep: str, *says: str) -> CommandRun:
    """Return what a proposal's promotion meets: all that is asked for."""
    command = ("rollbook", "gates", "--base", "origin/main", "--head", branch)
    return CommandRun("registry", command, 0, says, lines=20, keep=keep)


def ask(figures: Figures) -> Chapter:
    """Return what the promotions of each model would meet."""
    stored = f"artifacts/files/md5/{figures.shuffled_md5[:2]}/{figures.shuffled_md5[2:]}"
    careless = (
        "rollbook", "register", MODEL, "../training/shuffled/model.pkl",
        "--metrics-file", "../training/shuffled/metrics.json", "--code", "../training", "--land",
    )  # fmt: skip
    return Chapter(
        "What would a promotion meet? Ask before anyone asks for it",
        [
            Say("The bad model may be registered, however carelessly: the registry records what is."),
            CommandRun("registry", careless, says=(f"{MODEL}@v1.2.0",)),
            Say(
                "In a trial on live patients it raised the alarm for nearly everyone, which is on record too:"
            ),
            rollbook("evidence", "add", SHUFFLED, "monitoring", *_ALARM, says=("monitoring-1 failed",)),
            Say("And somebody who tidies up the storage goes too far:"),
            CommandRun(".", ("rm", "-f", stored)),
            _ask(SHUFFLED, "production", str(figures.shuffled), "no card.md", "pickle"),
            _ask(SHUFFLED, "canary", "hyperparameters on record"),
            Say("The second model is another matter. It stands in staging for the few seconds asked for:"),
            CommandRun("registry", ("sleep", "9")),
            Say("What it still lacks is evidence, a signature, and somebody else's approval:"),
            _ask(
                BOOSTING,
                "production",
                "soak\tpassed",
                "evidence\tfailed",
                "signed\twaiting",
                "approvals\twaiting",
            ),
            _ask(BOOSTING, "canary", "command\tpassed", "plug-in\tpassed", "freeze\twaiting"),
            Say("The way out has a gate as well. Whoever uses the first model gets notice:"),
            _ask(LOGISTIC, "deprecated", "deprecation\twaiting"),
            *_deprecation(),
        ],
    )


def approve(figures: Figures) -> Chapter:
    """Return the second model gets all that it lacks, and goes into production."""
    branch = branch_name("promote", MODEL, "1.1.0", "production")
    better = f"auc {figures.boosting} on held-out data; 1.0.0 has {figures.logistic}"
    evidence = (
        "--status", "passed", "--metric", "selection_rate_difference=0.03",
        "--summary", "No group of patients is served worse.", "--land",
    )  # fmt: skip
    return Chapter(
        "A second person approves",
        [
            rollbook("evidence", "add", BOOSTING, "fairness", *evidence, says=("fairness-1 passed",)),
            rollbook("sign", BOOSTING, "--key", f"../{RELEASE_KEY}", "--land", says=("signed by a key",)),
            promotion(BOOSTING, "production", better, "--push", says=(branch,)),
            Say("Nobody approves a request of their own. Bob does, in his own clone, with his own key:"),
            git(".", "clone", "--quiet", "origin.git", "bobs"),
            git("bobs", "config", "include.path", "../../bob.gitconfig"),
            CommandRun(
                "bobs",
                ("rollbook", "approve", BOOSTING, "production", "--push"),
                says=(f"{BOB} approved {BOOSTING} for production",),
            ),
            Say("His signature stands in the entry, over this very transition. Now every gate is met:"),
            git("registry", "fetch", "--quiet"),
            _propose_check(f"origin/{branch}", _PROPOSED, f"1 of 1 ({BOB})"),
            rollbook(
                "land", branch, says=(f"{BOOSTING} put into production", f"{LOGISTIC} put into archived")
            ),
            rollbook("list", says=("1.1.0", "archived")),
            *_counted_up(),
        ],
    )


def _counted_up() -> list[Step]:
    promotions = [
        *(
            _asked(reference, stage)
            for stage in ("production", "canary")
            for reference in (SHUFFLED, BOOSTING)
        ),
        _asked(LOGISTIC, "deprecated"),
    ]
    return [
        Say("Each kind of gate has let a version pass by now, and kept one out:"),
        Verdicts((*promotions, _PROPOSED, _DEPRECATED)),
    ]


def _deprecation() -> list[Step]:
    sunset = datetime.now(UTC).date() + timedelta(days=120)
    notice = (
        "--replacement", BOOSTING, "--sunset", str(sunset), "--migration", "Same inputs: raise the version.",
        "--reason", "1.1.0 is better",
    )  # fmt: skip
    branch = branch_name("deprecate", MODEL, "1.0.0", "deprecated")
    return [
        rollbook("deprecate", LOGISTIC, *notice, says=(branch,)),
        _propose_check(branch, _DEPRECATED, "deprecation\tpassed", str(sunset)),
        git("registry", "branch", "--quiet", "-D", branch),
    ]
