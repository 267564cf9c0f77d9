"""Asking from elsewhere, without a clone: over git's smart HTTP protocol, and of the files of an index."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

from benchmarks.generate.plan import FIRST_MODEL
from benchmarks.question import Goal, Question
from benchmarks.timing import Command, program, run

if TYPE_CHECKING:
    from collections.abc import Mapping

    from benchmarks.place import Place

_PRODUCTION = f"{FIRST_MODEL}@production"


def _over_http(place: Place, label: str, *arguments: str, target: str = "") -> Command:
    """A command of Rollbook's that asks the server, from a directory that is no repository."""
    outside = place.root / "outside"

    def prepare() -> None:
        shutil.rmtree(outside, ignore_errors=True)
        outside.mkdir(parents=True)
        place.server.reset()

    words = [program("rollbook"), *arguments, "--repo", place.server.url]
    if target:
        words += ["--output", target]
    outside.mkdir(parents=True, exist_ok=True)
    return Command(label, [words], outside, prepare=prepare, counts=place.server.counts)


def _clone(place: Place) -> Command:
    target = place.root / "cloned"

    def prepare() -> None:
        shutil.rmtree(target, ignore_errors=True)
        place.server.reset()

    words = ["git", "clone", "--quiet", "--bare", place.server.url, str(target)]
    return Command("git clone", [words], place.root, "floor", prepare=prepare, counts=place.server.counts)


def _heads(place: Place) -> Command:
    def prepare() -> None:
        place.server.reset()

    words = ["git", "ls-remote", "--heads", place.server.url]
    return Command(
        "git ls-remote --heads", [words], place.root, "floor", prepare=prepare, counts=place.server.counts
    )


def _resolve(place: Place) -> list[Command]:
    return [
        _over_http(place, f"rollbook resolve {_PRODUCTION} --repo URL", "resolve", _PRODUCTION),
        _heads(place),
        _clone(place),
    ]


def _fetch(place: Place) -> list[Command]:
    store = str(place.root / "artifacts")
    words = ("fetch", _PRODUCTION, "--remote", store)
    return [
        _over_http(place, f"rollbook fetch {_PRODUCTION} --repo URL", *words, target="model"),
        _heads(place),
    ]


def _index(place: Place) -> list[Command]:
    index = place.root / "index"
    if not index.exists():
        run(place.registry, program("rollbook"), "export", "--index", str(index))
    outside = place.root / "outside"
    outside.mkdir(parents=True, exist_ok=True)
    cache = place.root / "cache"

    def prepare() -> None:
        shutil.rmtree(cache, ignore_errors=True)

    def size() -> Mapping[str, float]:
        return {"files of the index": sum(1 for path in index.rglob("*") if path.is_file())}

    words = ["env", f"XDG_CACHE_HOME={cache}", program("rollbook"), "resolve", _PRODUCTION]
    label = f"rollbook resolve {_PRODUCTION} --index file://"
    return [
        Command(label, [[*words, "--index", index.as_uri()]], outside, prepare=prepare, counts=size),
    ]


QUESTIONS = (
    Question(
        "resolve-repo", "Which version is in production there? No clone", _resolve,
        (
            Goal("v100k", 3, figure="round trips"),
            Goal("v10k", 1.3, "v100", figure="bytes on the wire"),
        ),
        needs="resolve --repo",
    ),
    Question(
        "fetch-repo", "A small artifact, no clone", _fetch,
        (
            Goal("v100k", 3, figure="round trips"),
            Goal("v10k", 1.3, "v100", figure="bytes on the wire"),
        ),
        needs="fetch --repo",
    ),
    Question(
        "resolve-index", "The same of the files that `export --index` wrote", _index,
        (Goal("v100k", 1.3, "v100"),),
        needs="resolve --index",
    ),
)  # fmt: skip
