"""The chapters of the story in which the team looks after its models: compares, traces, asks, tidies up."""

from __future__ import annotations

from rollbook.cli.demo.cast import BOOSTING, LOGISTIC, MODEL, SHUFFLED, git, rollbook
from rollbook.cli.demo.scene import Chapter, CommandRun, Say

# Days stand for what a team would count in months.
RETENTION = """
retention: {keep_unpromoted: 1, keep_days: 0, remove_from: [development], days_there: 0, bytes_stay_days: 0,
  price_per_gb_month: 0.023}
"""
_UNPROVEN = """\
SELECT v.model, v.version, v.stage FROM versions AS v
WHERE v.stage <> 'development'
AND NOT EXISTS (SELECT 1 FROM evidence AS e WHERE e.model = v.model AND e.version = v.version
  AND e.kind <> 'scan')"""


def ask_around() -> Chapter:
    """Questions about what there is: side by side, by origin, in SQL."""
    return Chapter(
        "Which is best, where does it come from, and what saw this data?",
        [
            rollbook(
                "compare",
                MODEL,
                *("1.0.0", "1.1.0", "1.2.0", "--metric", "auc", "--metric", "accuracy"),
                says=("auc", "best"),
            ),
            rollbook("best", MODEL, "--metric", "auc", says=("1.1.0",)),
            rollbook("lineage", BOOSTING, says=("code", "data")),
            Say("Suppose the data turns out to be poisoned. What saw it, and where does that stand now?"),
            rollbook("lineage", "--data", "breast-cancer-wisconsin", says=(LOGISTIC, "production")),
            Say("Any other question is SQL. What was ever promoted without evidence other than of a scan?"),
            rollbook("query", _UNPROVEN, says=("1.0.0",)),
        ],
    )


def tidy_up() -> Chapter:
    """Return what storage holds, and what retention lets go."""
    again = (
        "register", MODEL, "../training/shuffled/model.pkl", "--bump", "minor",
        "--metrics-file", "../training/shuffled/metrics.json", "--code", "../training", "--land",
    )  # fmt: skip
    return Chapter(
        "What is stored, and what may go",
        [
            Say("The bad model is registered once more; its bytes, which were lost, are stored again, once."),
            rollbook(*again, says=(f"{MODEL}@v1.3.0",)),
            rollbook("storage", says=("saved by sharing", "may go")),
            Say("The policy keeps one version that was never promoted. The older one may go:"),
            rollbook("prune", "--dry-run", says=("goes", "stays"), lines=8),
            rollbook("prune", SHUFFLED, "--reason", "of no use", "--land", says=(f"{MODEL}@v1.2.0!",)),
            Say("Its record stays. Its bytes would go, but for the version that has the same:"),
            rollbook("sweep", "--yes", says=("deleted",)),
            rollbook("fetch", SHUFFLED, code=1, says=("removed",)),
        ],
    )


def publish() -> Chapter:
    """Publish static files that answer without git."""
    return Chapter(
        "Readers need no git: the registry as static files",
        [
            rollbook("export", "--index", "../index", says=("files written",)),
            CommandRun(
                "service",
                ("rollbook", "resolve", f"{MODEL}@production", "--index", "../index"),
                says=("1.0.0",),
            ),
        ],
    )


def hand_over() -> Chapter:
    """Return a version goes over into a registry of its own."""
    return Chapter(
        "From one registry into another, with what vouches for it",
        [
            rollbook("export", f"{MODEL}@production", "--bundle", "../screening.bundle", says=(LOGISTIC,)),
            Say("The hospital's own registry has its own policy. The import is a proposal there:"),
            git(".", "init", "--quiet", "--initial-branch=main", "hospital"),
            git("hospital", "config", "include.path", "../../gitconfig"),
            CommandRun("hospital", ("rollbook", "init"), lines=3),
            git("hospital", "add", "."),
            git("hospital", "commit", "--quiet", "-m", "Start a model registry"),
            CommandRun(
                "hospital",
                ("rollbook", "import", "bundle", "../screening.bundle", "--land"),
                says=(f"{MODEL}@v1.0.0",),
            ),
            CommandRun("hospital", ("rollbook", "lineage", LOGISTIC), says=("imported",)),
        ],
    )
