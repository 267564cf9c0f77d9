"""The chapter of the story in which the artifacts themselves are asked."""

from __future__ import annotations

from importlib import resources

from rollbook.cli.demo.cast import BOOSTING, LOGISTIC, MODEL, rollbook
from rollbook.cli.demo.scene import Chapter, CommandRun, Say, Write


def inspect() -> Chapter:
    """Return what the models' files say, what comes out of it, and what is not let in."""
    gift = resources.files("rollbook.cli.demo").joinpath("gift.py").read_text(encoding="utf-8")
    return Chapter(
        "The artifact is a witness of its own",
        [
            Say(
                "The first model is a joblib file, the second an ONNX file. What each says of itself was read"
            ),
            Say("at registration, without loading it, and what would be unpickled was scanned:"),
            rollbook("show", BOOSTING, says=("contents", "opset"), lines=34),
            rollbook("scan", LOGISTIC, says=("clean",)),
            Say("The first one is signed, by a key that the policy names:"),
            rollbook("verify", LOGISTIC, says=("release-team",)),
            Say("Does it run? On the sample that was registered, in a process that is shut in:"),
            rollbook("test", BOOSTING, "--no-record", says=("passed",)),
            Say("Somebody offers a better one. Loading it would run what its maker wrote; nobody does:"),
            Write("training/gift.py", gift),
            CommandRun("training", ("python", "gift.py")),
            rollbook("register", MODEL, "../training/gift.pkl", code=1, says=("malicious",)),
        ],
    )
