"""`check`: one new version that is staged, and the whole tree."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from benchmarks.comparison import Comparison
from benchmarks.synthetic import FIRST_MODEL, version_files
from benchmarks.timing import Command, medians, program, run

if TYPE_CHECKING:
    from pathlib import Path

    from benchmarks.sizes import Scene

_STAGED_AT = 1_767_225_600  # 2026-01-01T00:00:00Z
# The floor of a check of everything: each YAML file read from git and parsed by libyaml, nothing judged.
_PARSE = """
import subprocess, sys, yaml
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


def measure(scene: Scene) -> list[Comparison]:
    """Check what is staged, then everything."""
    return [*_staged(scene), *_everything(scene)]


def _staged(scene: Scene) -> list[Comparison]:
    registry = scene.registry.path
    _stage_a_version(registry)
    ours = f"check --staged, 1 of {scene.size} versions"
    commands = [
        Command(ours, [[program("rollbook"), "check", "--staged"]], registry),
        Command("git ls-tree -r HEAD", [["git", "ls-tree", "-r", "HEAD"]], registry),
    ]
    own, git = medians(commands, scene.sizes.runs)
    run(registry, "git", "reset", "--quiet", "--hard")
    return [Comparison("check", ours, own, commands[1].label, git, most_seconds=0.5)]


def _stage_a_version(registry: Path) -> None:
    for path, content in version_files(FIRST_MODEL, "9.0.0", _STAGED_AT).items():
        (registry / path).parent.mkdir(parents=True, exist_ok=True)
        (registry / path).write_bytes(content)
    run(registry, "git", "add", "registry")


def _everything(scene: Scene) -> list[Comparison]:
    registry = scene.registry.path
    ours = f"check --all ({scene.size} versions)"
    commands = [
        Command(ours, [[program("rollbook"), "check", "--all"]], registry, runs=scene.sizes.slow_runs),
        Command(
            "parsing the files with libyaml",
            [[sys.executable, "-c", _PARSE]],
            registry,
            runs=scene.sizes.slow_runs,
        ),
    ]
    own, floor = medians(commands, scene.sizes.runs)
    return [Comparison("check", ours, own, commands[1].label, floor)]
