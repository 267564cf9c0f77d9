"""Which version is it, what is there, what is it, and give it to me."""

from __future__ import annotations

import shutil
import sys
from typing import TYPE_CHECKING

from benchmarks.generate.plan import FIRST_MODEL
from benchmarks.peers import gto, mlflow
from benchmarks.question import Goal, Question
from benchmarks.timing import Command, program, run

if TYPE_CHECKING:
    from benchmarks.place import Place

IMPORTS = "Python that imports click and yaml"
_STAGES = f"HEAD:registry/{FIRST_MODEL}/stages.yaml"
_PRODUCTION = f"{FIRST_MODEL}@production"
_COLD_CLIENT, _WARM_CLIENT = "a new client", "a client that stays"

# The least that a program like ours does: the imports, and these objects of the repository.
_READS = """
import subprocess, sys
import click, yaml
names = "".join(name + "\\n" for name in sys.argv[1:]).encode()
subprocess.run(["git", "cat-file", "--batch"], input=names, capture_output=True, check=True)
"""
_WARM = f"""
import statistics, time
from rollbook import Registry
with Registry.open(".") as registry:
    registry.version({_PRODUCTION!r}).manifest
    times = []
    for _ in range(500):
        start = time.perf_counter()
        registry.version({_PRODUCTION!r}).artifact.sha256
        times.append(time.perf_counter() - start)
print(statistics.median(times))
"""
_ALL_STAGES = """
import subprocess, yaml
listed = subprocess.run(["git", "ls-tree", "-r", "HEAD", "registry/"], capture_output=True, check=True).stdout
oids = b"\\n".join(line.split()[2] for line in listed.splitlines() if line.endswith(b"/stages.yaml"))
data = subprocess.run(["git", "cat-file", "--batch"], input=oids, capture_output=True, check=True).stdout
start = 0
while start < len(data):
    end = data.index(b"\\n", start)
    size = int(data[start:end].split()[2])
    yaml.load(data[end + 1 : end + 1 + size], yaml.CSafeLoader)
    start = end + size + 2
"""


def reads(place: Place, what: str, *names: str) -> Command:
    """The floor of reading some objects of the registry."""
    label = f"{IMPORTS}; git cat-file of {what}"
    return Command(label, [[sys.executable, "-c", _READS, *names]], place.registry, "floor")


def rollbook(place: Place, label: str, *arguments: str) -> Command:
    """A command of Rollbook's in the registry, in a new process."""
    return Command(label, [[program("rollbook"), *arguments]], place.registry)


def _resolve(place: Place) -> list[Command]:
    return [
        rollbook(place, f"rollbook resolve {_PRODUCTION}", "resolve", _PRODUCTION),
        reads(place, "stages.yaml", _STAGES),
        Command("git cat-file blob", [["git", "cat-file", "blob", _STAGES]], place.registry, "floor"),
        *mlflow(place, _COLD_CLIENT, ["resolve"]),
    ]


def _warm_resolve(place: Place) -> list[Command]:
    ours = Command(
        f'registry.version("{_PRODUCTION}").artifact', [[sys.executable, "-c", _WARM]], place.registry,
        tells=True,
    )  # fmt: skip
    return [ours, *mlflow(place, _WARM_CLIENT, ["warm"], warm=True)]


def _list(place: Place) -> list[Command]:
    tree = ["git", "ls-tree", "-r", "HEAD", "registry/"]
    return [
        rollbook(place, "rollbook list", "list"),
        Command("git ls-tree -r registry, printed", [tree], place.registry, "floor"),
        Command(
            "Python that reads and parses every stages.yaml", [[sys.executable, "-c", _ALL_STAGES]],
            place.registry, "floor",
        ),
        *mlflow(place, _COLD_CLIENT, ["list"]),
        *gto(place, "show"),
    ]  # fmt: skip


def _show(place: Place) -> list[Command]:
    manifest = f"HEAD:registry/{FIRST_MODEL}/versions/{place.production}/version.yaml"
    return [
        rollbook(place, f"rollbook show {_PRODUCTION}", "show", _PRODUCTION),
        reads(place, "stages.yaml and the manifest", _STAGES, manifest),
        *mlflow(place, _COLD_CLIENT, ["show"]),
    ]


def _fetch(place: Place) -> list[Command]:
    target = place.root / "fetched"
    path = f"registry/{FIRST_MODEL}/versions/{place.production}/model.json"
    run(place.registry, "git", "checkout", "--quiet", "HEAD", "--", f"{path}.dvc")

    def prepare() -> None:
        shutil.rmtree(target, ignore_errors=True)
        shutil.rmtree(place.registry / ".dvc" / "cache", ignore_errors=True)
        (place.registry / path).unlink(missing_ok=True)
        target.mkdir()

    pull = [program("dvc"), "pull", "--quiet", f"{path}.dvc"]
    fetch = [program("rollbook"), "fetch", _PRODUCTION, "--output", str(target)]
    return [
        Command(f"rollbook fetch {_PRODUCTION}", [fetch], place.registry, prepare=prepare),
        Command("dvc pull", [pull], place.registry, "peer", prepare=prepare),
    ]


QUESTIONS = (
    Question(
        "resolve", "Which version is in production? A new process", _resolve,
        (
            Goal("v100k", 1.3, "v100"),
            Goal("v100k", 0.05, f"MLflow, SQLite: {_COLD_CLIENT}"),
        ),
    ),
    Question(
        "warm-resolve", "The same in Python, a registry that is open", _warm_resolve, (Goal("v100k", 0.0002),)
    ),
    Question(
        "list", "Every model, its newest version and its stages", _list,
        (
            Goal("v100k", 2, "git ls-tree -r registry, printed"),
            Goal("v100k", 1, "Python that reads and parses every stages.yaml"),
            Goal("v100k", 1 << 30, figure="memory"),
        ),
    ),
    Question("show", "One version with all that is known of it", _show),
    Question("fetch", "A small artifact, from a DVC remote that is a directory", _fetch),
)  # fmt: skip
