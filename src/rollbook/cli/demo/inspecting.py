"""The chapter of the story in which the artifacts themselves are asked."""

from __future__ import annotations

from importlib import resources

from rollbook.cli.demo.cast import LOGISTIC, MODEL, rollbook
from rollbook.cli.demo.scene import Chapter, CommandRun, Say, Write


def inspect() -> Chapter:
    """Return what the first model's file says, what comes out of it, and what is not let in."""
    gift = resources.files("rollbook.cli.demo").joinpath("gift.py").read_text(encoding="utf-8")
    return Chapter(
        "The artifact is a witness of its own",
        [
            Say("The first model is an ONNX file, the second a joblib file. What each says of itself was read"),
            Say("at registration, without loading it, and what would be unpickled was scanned:"),
            rollbook("show", LOGISTIC, says=("contents", "opset", "release-team"), lines=40),
            rollbook("scan", f"{MODEL}@1.1.0", says=("clean",)),
            Say("Does it run? On the sample that was registered, in a process that is shut in:"),
            rollbook("test", LOGISTIC, "--no-record", says=("passed",)),
            Say(
                "Somebody offers a better one. Loading it would start a program; nobody loads it to find out:"
            ),
            Write("training/gift.py", gift),
            CommandRun("training", ("python", "gift.py")),
            rollbook("register", MODEL, "../training/gift.pkl", code=1, says=("malicious",)),
        ],
    )
