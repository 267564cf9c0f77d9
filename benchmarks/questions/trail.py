"""The audit trail: reading it, adding to it, verifying it."""

from __future__ import annotations

import shutil
from dataclasses import replace
from typing import TYPE_CHECKING

from benchmarks.generate.pack import write_tags
from benchmarks.generate.plan import FIRST_MODEL
from benchmarks.generate.sign import allowed_signers, signed_tags
from benchmarks.peers import gto
from benchmarks.place import NEW_VERSION
from benchmarks.question import Goal, Question
from benchmarks.questions.reading import rollbook
from benchmarks.timing import Command, program, run

if TYPE_CHECKING:
    from pathlib import Path

    from benchmarks.place import Place

_NEW_TAG = f"{FIRST_MODEL}@v{NEW_VERSION}"
_PLAIN_TAG = "benchmark"
_ALL_MESSAGES = "git for-each-ref, messages, all"
_LOG_AND_MESSAGES = "git log --first-parent --raw; git for-each-ref, messages, all"
_MODEL_MESSAGES = "git for-each-ref, messages, of one model"


def _messages(place: Place, *patterns: str) -> Command:
    listing = ["git", "for-each-ref", "--format=%(refname) %(contents)", *(patterns or ["refs/tags/"])]
    label = _MODEL_MESSAGES if patterns else _ALL_MESSAGES
    return Command(label, [listing], place.registry, "floor")


def _history(place: Place) -> list[Command]:
    # The first time of all, the trail's order is found out, and remembered.
    run(place.checked_out, program("rollbook"), "history")
    return [
        rollbook(place, "rollbook history", "history"),
        _messages(place),
        *gto(place, "history"),
    ]


def _model_history(place: Place) -> list[Command]:
    return [
        rollbook(place, f"rollbook history {FIRST_MODEL}", "history", FIRST_MODEL),
        _messages(place, f"refs/tags/{FIRST_MODEL}@*", f"refs/tags/{FIRST_MODEL}#*"),
    ]


def _record(place: Place) -> list[Command]:
    tip, landed = place.tip, place.new_commit

    def unrecord() -> None:
        run(place.registry, "git", "update-ref", "-d", f"refs/tags/{_NEW_TAG}")

    def land() -> None:
        """As it was before: all is recorded up to main's tip, and then one commit lands."""
        unrecord()
        run(place.registry, "git", "update-ref", "refs/heads/main", tip)
        run(place.registry, *record)
        run(place.registry, "git", "update-ref", "refs/heads/main", landed)

    def untag() -> None:
        run(place.registry, "git", "update-ref", "-d", f"refs/tags/{_PLAIN_TAG}")

    place.afterwards(lambda: run(place.registry, "git", "update-ref", "refs/heads/main", tip))
    place.afterwards(unrecord)
    place.afterwards(untag)
    record = [program("rollbook"), "audit", "record"]
    tag = ["git", "tag", "--annotate", "--message=one event", _PLAIN_TAG, landed]
    return [
        Command("rollbook audit record", [record], place.registry, prepare=land),
        Command("git tag --annotate", [tag], place.registry, "floor", prepare=untag),
    ]


def _verify(place: Place) -> list[Command]:
    ours = rollbook(place, "rollbook audit verify, for the first time", "audit", "verify")
    return [replace(ours, prepare=place.forget), _trail_and_main(place)]


def _verify_again(place: Place) -> list[Command]:
    return [rollbook(place, "rollbook audit verify, nothing new", "audit", "verify"), _trail_and_main(place)]


def _trail_and_main(place: Place) -> Command:
    """All that a verification is about: what each commit of main changed, and what each tag says."""
    log = ["git", "log", "--first-parent", "--diff-merges=first-parent", "--raw", "--no-renames", "HEAD"]
    return Command(_LOG_AND_MESSAGES, [log, *_messages(place).programs], place.registry, "floor")


def _signed(place: Place) -> tuple[Path, list[str]]:
    """A clone whose whole trail is signed, and the command that verifies it."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    clone, allowed = place.root / "signed", place.root / "allowed_signers"
    if not clone.exists():
        key = Ed25519PrivateKey.generate()
        source = str(place.registry)
        run(
            place.root, "git", "clone", "--quiet", "--local", "--no-checkout", "--no-tags", source, str(clone)
        )
        run(clone, "git", "remote", "remove", "origin")
        tags = list(signed_tags(place.registry, key))
        write_tags(clone / ".git", len(tags), tags)
        allowed.write_text(allowed_signers(key))
    return clone, [program("rollbook"), "audit", "verify", "--allowed-signers", str(allowed)]


def _verify_signed(place: Place) -> list[Command]:
    clone, verify = _signed(place)

    def forget() -> None:
        shutil.rmtree(clone / ".git" / "rollbook", ignore_errors=True)

    return [
        Command("rollbook audit verify, signed", [verify], clone, prepare=forget),
        _messages(place),
    ]


def _verify_remembered(place: Place) -> list[Command]:
    clone, verify = _signed(place)
    return [
        Command("rollbook audit verify, signatures remembered", [verify], clone),
        _trail_and_main(place),
    ]


# 10 s for each 10,000 events; at v10k there are 18,700.
_SIGNED = 18.7
# A trail is signed for the benchmark event by event, which takes longer than anything that is measured.
_NOT_THE_LARGEST = ("toy", "v100", "v1k", "v10k")

QUESTIONS = (
    Question(
        "history", "Everything that ever happened", _history,
        (Goal("v100k", 2, _ALL_MESSAGES), Goal("v100k", 64 << 20, figure="memory")),
    ),
    Question("history-model", "Everything that happened to one model", _model_history),
    Question("record", "Record one event", _record, (Goal("v100k", 1.3, "v1k"),)),
    Question(
        "verify", "Does the whole trail agree with main?", _verify, (Goal("v100k", 4, _LOG_AND_MESSAGES),)
    ),
    Question(
        "verify-again", "The same, once verified?", _verify_again, (Goal("v100k", 1.5, _LOG_AND_MESSAGES),)
    ),
    Question(
        "verify-signed", "The same, and who signed it?", _verify_signed, (Goal("v10k", _SIGNED),),
        sizes=_NOT_THE_LARGEST,
    ),
    Question(
        "verify-signed-again", "The same, once verified?", _verify_remembered,
        (Goal("v10k", 1.5, _LOG_AND_MESSAGES),), sizes=_NOT_THE_LARGEST,
    ),
)  # fmt: skip
