"""The place where one size is measured: a scratch copy of its registry, and what peers keep beside it."""

from __future__ import annotations

import json
import shutil
import sys
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.generate.facts import version_facts
from benchmarks.generate.plan import FIRST_MODEL, Plan
from benchmarks.http_backend import HttpBackend
from benchmarks.timing import program, run

if TYPE_CHECKING:
    from collections.abc import Callable

    from benchmarks.sizes import Size

_ROOT = Path(__file__).parents[1]
NEW_VERSION = "99.0.0"
_NEW_AT = 1_793_491_200  # 2026-11-01T00:00:00Z


class Place:
    """`root` is an empty directory for it. `prebuilt` is a directory of registries that were generated
    before, by the names of their sizes; None where there is none. `mlflow` is a Python that has MLflow, or
    None."""

    def __init__(self, root: Path, size: Size, prebuilt: Path | None, mlflow: str | None) -> None:
        self.root = root
        self.size = size
        self.mlflow = mlflow
        self._prebuilt = prebuilt
        self._undo: list[Callable[[], object]] = []

    @cached_property
    def registry(self) -> Path:
        """A clone that may be changed: main, the whole trail, an index, no files but DVC's configuration."""
        self.root.mkdir(parents=True, exist_ok=True)
        source = self._source()
        clone = self.root / "registry"
        run(self.root, "git", "clone", "--quiet", "--local", "--no-checkout", str(source), str(clone))
        run(clone, "git", "remote", "remove", "origin")
        run(clone, "git", "read-tree", "HEAD")
        run(clone, "git", "checkout", "--quiet", "HEAD", "--", ".dvc", ".dvcignore")
        if not (self.root / "artifacts").exists():
            shutil.copytree(source.with_name("artifacts"), self.root / "artifacts")
        return clone

    @cached_property
    def checked_out(self) -> Path:
        """The same clone with all of main's files in it."""
        run(self.registry, "git", "checkout-index", "--all", "--force", "--index")
        return self.registry

    def _source(self) -> Path:
        if self._prebuilt and (self._prebuilt / self.size.name).exists():
            return self._prebuilt / self.size.name
        # In a process of its own: a process starts with the memory of the one that starts it on its account.
        target = self.root / "generated"
        size = ("--models", str(self.size.models), "--versions", str(self.size.versions))
        module = (sys.executable, "-m", "benchmarks.generate")
        run(_ROOT, *module, str(target), *size, "--no-checkout")
        return target

    @cached_property
    def tip(self) -> str:
        """The commit that main stands on."""
        return self.text("rev-parse", "HEAD")

    @cached_property
    def production(self) -> str:
        """The version of the first model in production."""
        return (
            run(
                self.registry,
                program("rollbook"),
                "resolve",
                f"{FIRST_MODEL}@production",
                "--field",
                "version",
            )
            .decode()
            .strip()
        )

    @cached_property
    def new_commit(self) -> str:
        """A commit on main's tip that registers one new version; main itself stays."""
        self.stage_new_version()
        tree = self.text("write-tree")
        self.undo()
        return self.text("commit-tree", "-p", self.tip, "-m", f"Register {FIRST_MODEL}@{NEW_VERSION}", tree)

    def stage_new_version(self) -> None:
        """Stage the files of one new version until the question is answered."""
        model = Plan(self.size.models, self.size.versions).all_models[0]
        facts = version_facts(model, NEW_VERSION, _NEW_AT, [], b"new\n", 0)
        _ = self.tip
        for path, content in facts.files.items():
            (self.registry / path).parent.mkdir(parents=True, exist_ok=True)
            (self.registry / path).write_bytes(content)
        run(self.registry, "git", "add", "--", *facts.files)
        self.afterwards(lambda: self._unstage([*facts.files]))

    def _unstage(self, paths: list[str]) -> None:
        run(self.registry, "git", "rm", "--quiet", "--force", "--", *paths)

    def bring_index(self) -> None:
        """Let Rollbook make what it keeps for questions about many versions, so that it need not be waited
        for."""
        run(self.registry, program("rollbook"), "query", "SELECT 1 FROM versions LIMIT 1")

    def forget(self) -> None:
        """Delete everything that Rollbook keeps in the git directory to be faster."""
        shutil.rmtree(self.registry / ".git" / "rollbook", ignore_errors=True)

    def afterwards(self, action: Callable[[], object]) -> None:
        """Have something done when the question is answered."""
        self._undo.append(action)

    def undo(self) -> None:
        """Put back what the question has changed."""
        while self._undo:
            self._undo.pop()()

    def text(self, *arguments: str) -> str:
        """What git says in the registry."""
        return run(self.registry, "git", *arguments).decode().strip()

    @cached_property
    def server(self) -> HttpBackend:
        """The registry over git's smart HTTP protocol."""
        return HttpBackend(self.registry)

    @cached_property
    def mlflow_store(self) -> Path:
        """A directory with MLflow's registry in a SQLite file, with the same models and versions."""
        from benchmarks.peers import MLFLOW_PEER

        assert self.mlflow is not None
        store = self.root / "mlflow"
        store.mkdir(parents=True)
        plan = Plan(self.size.models, self.size.versions)
        models = [{"name": model.name, "versions": model.version_names()} for model in plan.all_models]
        run(store, self.mlflow, str(MLFLOW_PEER), "fill", stdin=json.dumps(models).encode())
        return store

    def close(self) -> None:
        """Stop what was started."""
        if "server" in self.__dict__:
            self.server.close()
