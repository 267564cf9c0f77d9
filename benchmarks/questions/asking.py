"""Questions about many versions at once."""

from __future__ import annotations

import sys
from dataclasses import replace
from itertools import cycle
from typing import TYPE_CHECKING

from benchmarks.generate.plan import FIRST_MODEL
from benchmarks.peers import mlflow
from benchmarks.question import Goal, Question
from benchmarks.questions.checking import PARSE, PARSING
from benchmarks.questions.reading import reads, rollbook
from benchmarks.timing import Command, program, run
from rollbook.records.manifest import parse_manifest

if TYPE_CHECKING:
    from benchmarks.place import Place

_VERSIONS_OF = f"HEAD:registry/{FIRST_MODEL}/versions"
_QUERY = "SELECT model, count(*) FROM versions GROUP BY model ORDER BY 2 DESC LIMIT 10"


def _compare(place: Place) -> list[Command]:
    names = place.text("ls-tree", "--name-only", _VERSIONS_OF).splitlines()
    manifests = [f"{_VERSIONS_OF}/{name}/version.yaml" for name in names]
    return [
        rollbook(place, f"rollbook compare {FIRST_MODEL} --all", "compare", FIRST_MODEL, "--all"),
        rollbook(place, f"rollbook compare {FIRST_MODEL}", "compare", FIRST_MODEL),
        reads(place, "its manifests", *manifests),
        *mlflow(place, "a new client, the versions of the model", ["versions"]),
    ]


def _query(place: Place) -> list[Command]:
    place.bring_index()
    return [rollbook(place, "rollbook query, a count by model", "query", _QUERY)]


def _first_query(place: Place) -> list[Command]:
    ours = rollbook(place, "rollbook query, no index yet", "query", _QUERY)
    return [replace(ours, prepare=place.forget), *_parsing(place)]


def _next_query(place: Place) -> list[Command]:
    """Each time main is one version further, or one back: the index has to follow."""
    place.bring_index()
    commits = cycle([place.new_commit, place.tip])

    def move() -> None:
        run(place.registry, "git", "update-ref", "refs/heads/main", next(commits))

    place.afterwards(lambda: run(place.registry, "git", "update-ref", "refs/heads/main", place.tip))
    ours = rollbook(place, "rollbook query, after one version more or less", "query", _QUERY)
    return [replace(ours, prepare=move)]


def _parsing(place: Place) -> list[Command]:
    return [Command(PARSING, [[sys.executable, "-c", PARSE]], place.registry, "floor")]


def _stale(place: Place) -> list[Command]:
    return [_asked_before(place, "list", "--stale", "90d")]


def _storage(place: Place) -> list[Command]:
    return [_asked_before(place, "storage")]


def _asked_before(place: Place, *arguments: str) -> Command:
    run(place.registry, program("rollbook"), *arguments)
    return rollbook(place, f"rollbook {' '.join(arguments)}", *arguments)


def _version_lineage(place: Place) -> list[Command]:
    reference = f"{FIRST_MODEL}@{place.production}"
    ours = rollbook(place, "rollbook lineage REF, for the first time", "lineage", reference)
    manifest = f"{_VERSIONS_OF}/{place.production}/version.yaml"
    return [
        replace(ours, prepare=place.forget),
        rollbook(place, "rollbook lineage REF", "lineage", reference),
        reads(place, "its manifest", manifest),
    ]


def _lineage(place: Place) -> list[Command]:
    path = f"registry/{FIRST_MODEL}/versions/{place.production}/version.yaml"
    manifest = parse_manifest(place.text("show", f"HEAD:{path}").encode(), path)
    data = manifest.lineage["data"][0]
    wanted = f"{data['name']}@{data['version']}"
    place.bring_index()
    grep = [
        "git",
        "grep",
        "--name-only",
        "--fixed-strings",
        f"name: {data['name']}",
        "HEAD",
        "--",
        "registry/",
    ]
    return [
        rollbook(place, "rollbook lineage --data NAME@VERSION", "lineage", "--data", wanted),
        Command("git grep", [grep], place.registry, "floor"),
    ]


QUESTIONS = (
    Question(
        "compare", "The versions of a model side by side", _compare, (Goal("v100k", 0.3),)
    ),
    Question("query", "SQL over every version", _query, (Goal("v100k", 0.3),), needs="query"),
    Question(
        "query-first", "The same, for the first time", _first_query,
        (Goal("v100k", 30, figure="processor time"),), needs="query",
    ),
    Question(
        "query-next", "The same, after a change of one version", _next_query, (Goal("v100k", 1.3, "v1k"),),
        needs="query",
    ),
    Question("stale", "Which versions has nobody used for 90 days?", _stale, (Goal("v100k", 2),)),
    Question("storage", "What takes how much room?", _storage, (Goal("v100k", 2),)),
    Question(
        "lineage-version", "What was this version made from, and what became of it?", _version_lineage,
        (Goal("v100k", 0.3), Goal("v100k", 1.3, "v1k")),
    ),
    Question("lineage", "What was made from a data set", _lineage, (Goal("v100k", 0.3),)),
)  # fmt: skip
