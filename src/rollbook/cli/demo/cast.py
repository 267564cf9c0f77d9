"""Who plays in the story: the model, its versions, and the commands that the chapters run on them."""

from __future__ import annotations

from rollbook.cli.demo.scene import CommandRun

MODEL = "tumour-screening"
LOGISTIC, BOOSTING, SHUFFLED = f"{MODEL}@1.0.0", f"{MODEL}@1.1.0", f"{MODEL}@1.2.0"
RELEASE_KEY = "release.pem"
JANE, BOB = "jane@example.com", "bob@example.com"
_DATA = "breast-cancer-wisconsin=https://archive.ics.uci.edu/dataset/17"


def git(folder: str, *words: str) -> CommandRun:
    """Return a git command that succeeds."""
    return CommandRun(folder, ("git", *words))


def rollbook(*words: str, code: int = 0, says: tuple[str, ...] = (), lines: int = 14) -> CommandRun:
    """Return a command of Rollbook, in the clone that is the registry."""
    return CommandRun("registry", ("rollbook", *words), code, says, lines)


def registration(file: str, framework: str, *options: str, says: tuple[str, ...]) -> CommandRun:
    """Register the model in the `file` that training left, with all that is beside it."""
    folder = f"../training/{file.partition('/')[0]}"
    left_behind = (
        "--metrics-file", f"{folder}/metrics.json", "--requirements", f"{folder}/requirements.txt",
        "--sample-input", f"{folder}/sample-input.json", "--data", _DATA, "--code", "../training",
        "--framework", f"scikit-learn=={framework}",
    )  # fmt: skip
    return rollbook("register", MODEL, f"../training/{file}", *options, *left_behind, says=says)


def promotion(
    reference: str, stage: str, reason: str, *options: str, code: int = 0, says: tuple[str, ...] = ()
) -> CommandRun:
    """Proposes a stage change."""
    return rollbook("promote", reference, stage, "--reason", reason, *options, code=code, says=says)
