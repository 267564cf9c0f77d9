"""Turning a git repository into a registry: the files that are missing are written, and nothing else."""

from __future__ import annotations

import os
import tempfile
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING

from rollbook import layout
from rollbook.contract import SCHEMA_NAMES, schema_text
from rollbook.errors import BadCall

if TYPE_CHECKING:
    from rollbook.git.repository import Repository

# What a package-owned template becomes in a registry.
TEMPLATES = {
    "policy.yaml": layout.POLICY,
    "registry.gitignore": f"{layout.ROOT}/.gitignore",
    "pre-commit-config.yaml": ".pre-commit-config.yaml",
    "validate.yml": ".github/workflows/validate.yml",
    "promote.yml": ".github/workflows/promote.yml",
}
_DVC_CONFIG = ".dvc/config"
_DVC_FILES = {".dvc/.gitignore": "/config.local\n/tmp\n/cache\n", ".dvcignore": ""}
_REMOTE_NAME = "artifacts"
INSTALL = "pip install rollbook"


@dataclass(frozen=True, slots=True)
class Initialised:
    """What `init` wrote, and what was there already; and where artifacts go, when init decided it."""

    written: tuple[str, ...]
    kept: tuple[str, ...]
    remote: str | None


def initialise(repository: Repository, *, remote: str | None = None) -> Initialised:
    """Write a registry's files into the working tree: policy, schemas, DVC, pre-commit, workflows.

    A file that exists is never changed; nothing is staged or committed. `remote` is the address of DVC's
    default remote, a folder beside the repository when None. Raises BadCall for a bare repository.
    """
    root = repository.work_tree
    if root is None:
        raise BadCall(
            "a bare repository can't become a registry by itself", hint="Run it in a clone, and push."
        )
    files = {target: template(name) for name, target in TEMPLATES.items()}
    files |= {f"schemas/{name}.schema.json": schema_text(name) for name in SCHEMA_NAMES}
    files |= _DVC_FILES
    address: str | None = remote or f"../../{root.name}-artifacts"
    written = [path for path, text in files.items() if _write_new(root, path, text)]
    if not _set_default_remote(root / _DVC_CONFIG, str(address)):
        address = None
    return Initialised(tuple(sorted(written)), tuple(sorted(files.keys() - set(written))), address)


def template(name: str, install: str = INSTALL) -> str:
    """A file that `init` writes, by its template's name. `install` is how a workflow installs Rollbook."""
    text = resources.files("rollbook").joinpath("templates", name).read_text(encoding="utf-8")
    return text.replace("@@INSTALL@@", install)


def _set_default_remote(config: Path, address: str) -> bool:
    """Name DVC's default remote where none is named; False when there is one already."""
    from configobj import ConfigObj  # type: ignore[import-untyped]

    if not address.isprintable():
        raise BadCall("the remote's address holds control characters")
    lines = config.read_text(encoding="utf-8").splitlines() if config.exists() else []
    settings = ConfigObj(lines)
    if settings.get("core", {}).get("remote"):
        return False
    settings.indent_type = "    "
    settings.setdefault("core", {})["remote"] = _REMOTE_NAME
    settings.setdefault(f'remote "{_REMOTE_NAME}"', {})["url"] = address
    temporary = config.with_name(".rollbook-config")
    temporary.write_text("\n".join(settings.write()) + "\n", encoding="utf-8")
    temporary.replace(config)
    return True


def _write_new(root: Path, path: str, text: str) -> bool:
    """Write a file that isn't there yet, whole or not at all; False when there is something already."""
    target = root / path
    for parent in target.relative_to(root).parents:
        if (root / parent).is_symlink():
            raise BadCall(f"{root / parent} is a symbolic link", hint="Replace it with a folder.")
    target.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=target.parent, prefix=".rollbook-")
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as file:
            file.write(text)
        Path(temporary).chmod(0o644)
        os.link(temporary, target)
    except FileExistsError:
        return False
    finally:
        Path(temporary).unlink()
    return True
