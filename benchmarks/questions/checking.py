"""`check`: one new version, and everything."""

from __future__ import annotations

import sys
from dataclasses import replace
from typing import TYPE_CHECKING

from benchmarks.question import Goal, Question
from benchmarks.timing import Command, program

if TYPE_CHECKING:
    from benchmarks.place import Place

# The floor of a check of everything: each YAML file read from git and parsed by libyaml, nothing judged.
PARSE = """
import subprocess, yaml
listed = subprocess.run(["git", "ls-tree", "-r", "HEAD", "registry/"], capture_output=True, check=True).stdout
oids = b"\\n".join(line.split()[2] for line in listed.splitlines() if line.endswith((b".yaml", b".dvc")))
data = subprocess.run(["git", "cat-file", "--batch"], input=oids, capture_output=True, check=True).stdout
start = 0
while start < len(data):
    end = data.index(b"\\n", start)
    size = int(data[start:end].split()[2])
    yaml.load(data[end + 1 : end + 1 + size], yaml.CBaseLoader)
    start = end + size + 2
"""
PARSING = "Python that parses the files with libyaml"
_TREE = "git ls-tree -r registry"
_STATUS = "git status"


def _check(place: Place, label: str, *arguments: str) -> Command:
    return Command(label, [[program("rollbook"), "check", *arguments]], place.registry)


def _staged(place: Place) -> list[Command]:
    place.stage_new_version()
    return [
        _check(place, "rollbook check --staged", "--staged"),
        Command(
            "git write-tree; git diff-index --cached HEAD",
            [["git", "write-tree"], ["git", "diff-index", "--cached", "HEAD"]],
            place.registry,
            "floor",
        ),
    ]


def _change(place: Place) -> list[Command]:
    base, head = place.tip, place.new_commit
    return [
        _check(place, "rollbook check --base --head", "--base", base, "--head", head),
        Command("git diff-tree -r", [["git", "diff-tree", "-r", base, head]], place.registry, "floor"),
    ]


def _cold(place: Place) -> list[Command]:
    registry = place.checked_out
    return [
        replace(_check(place, "rollbook check --all, for the first time", "--all"), prepare=place.forget),
        Command(PARSING, [[sys.executable, "-c", PARSE]], registry, "floor"),
    ]


def _again(place: Place) -> list[Command]:
    registry = place.checked_out
    return [
        _check(place, "rollbook check --all, nothing changed", "--all"),
        Command(_TREE, [["git", "ls-tree", "-r", "HEAD", "registry/"]], registry, "floor"),
        Command(_STATUS, [["git", "status", "--porcelain"]], registry, "floor"),
    ]


QUESTIONS = (
    Question("check-staged", "Is what is staged right, one version?", _staged, (Goal("v100k", 1.3, "v1k"),)),
    Question(
        "check-change", "Is a pull request with one new version right?", _change, (Goal("v100k", 1.3, "v1k"),)
    ),
    Question(
        "check-all", "Is everything right?", _cold,
        (Goal("v10k", 2, PARSING), Goal("v100k", 1 << 30, figure="memory")),
    ),
    Question("check-again", "Is everything still right?", _again, (Goal("v100k", 1, _STATUS),)),
)  # fmt: skip
