"""How a program is started shut in: what it may see, and by which of the system's means.

Bubblewrap (https://github.com/containers/bubblewrap) gives it a file system of its own, with nothing of the
user's in it, and no network; bare namespaces (https://man7.org/linux/man-pages/man1/unshare.1.html) take the
network and the other processes away; where neither works it is only bounded.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

Isolation = Literal["bubblewrap", "namespaces", "none"]

_SYSTEM = (
    "/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/nix/store", "/etc/alternatives",
    "/etc/ld.so.cache", "/etc/ld.so.conf", "/etc/ld.so.conf.d", "/etc/localtime",
)  # fmt: skip
_INSIDE = "/run/rollbook"
_ROOM = 1 << 30  # bytes that may stand in each of its temporary folders
_PROBE_SECONDS = 10
_MOST_HOPS = 20
_NAMESPACES = (
    "unshare", "--user", "--map-root-user", "--net", "--ipc", "--uts", "--pid", "--fork",
    "--kill-child", "--mount-proc",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Enclosed:
    """A program that is started shut in: its command and environment, the artifact's place as it sees it,
    where it finds packages beside those of its own environment, and the place of the one file that it may
    write, empty for none."""

    isolation: Isolation
    command: tuple[str, ...]
    environment: Mapping[str, str]
    artifact: str
    paths: tuple[str, ...]
    output: str = ""


def isolation() -> Isolation:
    """Return by which means programs are shut in on this system; each is tried, as a system may forbid it."""
    return _isolation(os.environ.get("PATH", os.defpath))


@lru_cache
def _isolation(search: str) -> Isolation:
    if (program := shutil.which("bwrap", path=search)) and _works([program, *_walls(), "--"]):
        return "bubblewrap"
    if (program := shutil.which("unshare", path=search)) and _works([program, *_NAMESPACES[1:], "--"]):
        return "namespaces"
    return "none"


def enclosed(
    python: Path,
    program: Path,
    artifact: Path,
    folder: Path,
    *,
    module: str = "model_process",
    output: Path | None = None,
) -> Enclosed:
    """Return how an interpreter runs a module of the package in the folder `program` on an artifact, shut in.

    `folder` is empty and its own; `output` is a file that is there, the one that it may write. The
    interpreter is started in isolated mode: neither the environment nor the current folder says what it
    imports.
    """
    means = isolation()
    paths = _added_paths(python)
    if means == "bubblewrap":
        inside = f"{_INSIDE}/model/{artifact.name}"
        written = f"{_INSIDE}/output/{output.name}" if output else ""
        binds = [
            *_bound(sorted({*_interpreter(python), *map(Path, paths)})),
            *("--ro-bind", str(program), f"{_INSIDE}/{program.name}"),
            *("--ro-bind", str(artifact.resolve()), inside),
            *(("--bind", str(output.resolve()), written) if output else ()),
            *("--chdir", "/tmp", "--remount-ro", "/dev", "--remount-ro", "/"),  # noqa: S108 - its own
        ]
        start = _start(python, _INSIDE, program.name, module)
        command = (_found("bwrap"), *_walls(), *binds, "--", *start)
        return Enclosed(means, command, bare_environment("/tmp"), inside, paths, written)  # noqa: S108
    start = _start(python, str(program.parent), program.name, module)
    placed = folder / artifact.name
    placed.symlink_to(artifact.resolve())
    around = (_found("unshare"), *_NAMESPACES[1:], "--") if means == "namespaces" else ()
    environment, written = bare_environment(str(folder)), str(output.resolve()) if output else ""
    return Enclosed(means, (*around, *start), environment, str(placed), paths, written)


def _start(python: Path, place: str, package: str, module: str) -> tuple[str, ...]:
    code = (
        f"import sys; sys.path.insert(0, {place!r}); from {package} import {module} as m;"
        f" sys.path.remove({place!r}); m.main()"
    )
    return (str(python), "-I", "-B", "-X", "utf8", "-c", code)


def bare_environment(home: str) -> dict[str, str]:
    """Return what an enclosed program gets as its environment: where programs are, and a home of its own."""
    return {
        "PATH": "/usr/local/bin:/usr/bin:/bin",
        "HOME": home,
        "TMPDIR": home,
        "USER": "model",
        "LOGNAME": "model",
        "LC_ALL": "C.UTF-8",
        "LANG": "C.UTF-8",
        "CUDA_VISIBLE_DEVICES": "",
        "TF_CPP_MIN_LOG_LEVEL": "3",
    }


def _walls() -> list[str]:
    """Return what bubblewrap is told whatever it runs."""
    system = [word for path in _SYSTEM for word in ("--ro-bind-try", path, path)]
    room = ("--size", str(_ROOM), "--tmpfs")
    return [
        *("--unshare-all", "--die-with-parent", "--new-session", "--cap-drop", "ALL"),
        *system,
        *("--proc", "/proc", "--dev", "/dev", *room, "/dev/shm", *room, "/tmp"),  # noqa: S108 - its own
    ]


def _works(around: Sequence[str]) -> bool:
    """Whether a program can be started so."""
    try:
        tried = subprocess.run(
            [*around, "/bin/true"], capture_output=True, timeout=_PROBE_SECONDS, env=bare_environment("/")
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return tried.returncode == 0


def _found(program: str) -> str:
    return shutil.which(program) or program


def _bound(folders: Sequence[Path]) -> Iterator[str]:
    """Yield what shows these folders and files, but for those that stand inside of others."""
    shown: list[Path] = [Path(path) for path in _SYSTEM]
    for path in folders:  # sorted, so that a folder comes before what is in it
        if not any(path.is_relative_to(other) for other in shown):
            shown.append(path)
            yield from ("--ro-bind", str(path), str(path))


def _interpreter(python: Path) -> set[Path]:
    """Return the folders that an interpreter consists of: a virtual environment, and the installation that
    it was made from; of a link on the way that stands elsewhere, the link alone.
    """
    found: set[Path] = set()
    waiting = [python]
    for _ in range(_MOST_HOPS):
        if not waiting:
            break
        hop = Path(os.path.normpath(waiting.pop()))
        prefix = hop.parent.parent
        found.add(prefix if _is_prefix(prefix) else hop)
        if hop.is_symlink():
            waiting.append(hop.parent / hop.readlink())
        elif hop.resolve() != hop:
            waiting.append(hop.resolve())
        if base := _made_from(prefix):
            waiting.append(base)
    return found


def _is_prefix(folder: Path) -> bool:
    is_python = (folder / "pyvenv.cfg").is_file() or any(folder.glob("lib*/python3*/os.py"))
    return is_python and folder != Path("/")


def _made_from(prefix: Path) -> Path | None:
    """Return the interpreter that a virtual environment was made from."""
    try:
        lines = (prefix / "pyvenv.cfg").read_text(encoding="utf-8").split("\n")
    except (OSError, UnicodeDecodeError):
        return None
    homes = [
        value.strip() for name, _, value in (line.partition("=") for line in lines) if name.strip() == "home"
    ]
    return Path(homes[0]) / "python3" if homes else None


def _added_paths(python: Path) -> tuple[str, ...]:
    """Return where else the running interpreter has packages installed, such as the user's own folder."""
    if python != Path(sys.executable):
        return ()
    prefixes = (sys.prefix, sys.base_prefix)
    return tuple(
        path
        for path in sys.path
        if Path(path).name in ("site-packages", "dist-packages")
        and not any(Path(path).is_relative_to(prefix) for prefix in prefixes)
        and Path(path).is_dir()
    )
