"""Turning a git repository into a registry: the files that are missing are written, and nothing else."""

from __future__ import annotations

import re
from dataclasses import dataclass
from importlib import resources
from typing import TYPE_CHECKING

from rollbook import __version__, layout
from rollbook.errors import BadCall, InvalidFile, Refused
from rollbook.git.repository import main_branch
from rollbook.schema.schemas import SCHEMA_NAMES, schema_text
from rollbook.snapshot.safe_open import read_beneath, write_beneath

if TYPE_CHECKING:
    from pathlib import Path

    from rollbook.git.repository import Repository

# What a package-owned template becomes in a registry.
TEMPLATES = {
    "policy.yaml": layout.POLICY,
    "registry.gitignore": f"{layout.ROOT}/.gitignore",
    "registry.gitattributes": f"{layout.ROOT}/.gitattributes",
    "pre-commit-config.yaml": ".pre-commit-config.yaml",
    "validate.yml": ".github/workflows/validate.yml",
    "review.yml": ".github/workflows/review.yml",
    "promote.yml": ".github/workflows/promote.yml",
    "monitor.yml": ".github/workflows/monitor.yml",
}
_DVC_CONFIG = ".dvc/config"
_DVC_FILES = {".dvc/.gitignore": "/config.local\n/tmp\n/cache\n", ".dvcignore": ""}
_REMOTE_NAME = "artifacts"
_PLAIN_BRANCH = re.compile(r"[A-Za-z0-9._/-]+")
# How a registry's workflows install Rollbook: the version that wrote them, until somebody raises it.
INSTALL = f"pip install rollbook=={__version__}"


@dataclass(frozen=True, slots=True)
class Initialised:
    """What `init` wrote, and what was there already; and where artifacts go, when init decided it."""

    written: tuple[str, ...]
    kept: tuple[str, ...]
    remote: str | None


def initialise(repository: Repository, *, remote: str | None = None) -> Initialised:
    """Write a registry's files into the working tree: policy, schemas, DVC, pre-commit, workflows.

    A file that exists is never changed; nothing is staged or committed. `remote` is the address of DVC's
    default remote, a folder beside the repository when None. Raises BadCall for a bare repository,
    for an address that can't be one and where a link stands, InvalidFile for a DVC configuration that can't
    be read.
    """
    root = repository.work_tree
    if root is None:
        raise BadCall(
            "a bare repository can't become a registry by itself", hint="Run it in a clone, and push."
        )
    main = _main_branch(repository)
    files = {target: template(name, main=main) for name, target in TEMPLATES.items()}
    files |= {f"schemas/{name}.schema.json": schema_text(name) for name in SCHEMA_NAMES}
    files |= _DVC_FILES
    address = remote or f"../../{root.name}-artifacts"
    config = _named_remote(root, address)
    written = [
        path for path, text in files.items() if write_beneath(root, path, text.encode(), replace=False)
    ]
    if config is not None:
        write_beneath(root, _DVC_CONFIG, config.encode(), replace=True)
        written.append(_DVC_CONFIG)
    kept = {*files, _DVC_CONFIG} - set(written)
    return Initialised(tuple(sorted(written)), tuple(sorted(kept)), address if config else None)


def template(name: str, install: str = INSTALL, main: str = "main") -> str:
    """Return a file that `init` writes, by its template's name.

    `install` is how a workflow installs Rollbook, `main` the branch that holds the registry's truth.
    """
    text = resources.files("rollbook.propose").joinpath("templates", name).read_text(encoding="utf-8")
    return text.replace("@@INSTALL@@", install).replace("@@MAIN@@", main)


def _main_branch(repository: Repository) -> str:
    """The main branch, when its name can be told and a workflow's filter takes it literally; else `main`."""
    try:
        name = main_branch(repository)
    except Refused:
        return "main"
    return name if _PLAIN_BRANCH.fullmatch(name) else "main"


def _named_remote(root: Path, address: str) -> str | None:
    """DVC's configuration with `address` as the default remote; None when it has one already.

    Raises BadCall for an address that no file can hold, InvalidFile for a configuration that can't be read.
    """
    from configobj import ConfigObj, ConfigObjError  # type: ignore[import-untyped]

    if not address.isprintable():
        raise BadCall("the remote's address holds control characters")
    try:
        settings = ConfigObj((read_beneath(root, _DVC_CONFIG) or b"").decode().splitlines())
    except (ConfigObjError, UnicodeDecodeError) as error:
        raise InvalidFile(f"not DVC's format: {error}", path=_DVC_CONFIG) from error
    core = settings.setdefault("core", {})
    remote = settings.setdefault(f'remote "{_REMOTE_NAME}"', {})
    if not isinstance(core, dict) or not isinstance(remote, dict):
        raise InvalidFile("not DVC's format: a section is a single value", path=_DVC_CONFIG)
    if core.get("remote"):
        return None
    settings.indent_type = "    "
    core["remote"], remote["url"] = _REMOTE_NAME, address
    return "\n".join(settings.write()) + "\n"
