"""Turning a git repository into a registry: the files that are missing are written, and nothing else."""

from __future__ import annotations

import re
from dataclasses import dataclass
from importlib import resources
from typing import TYPE_CHECKING

from rollbook import __version__, layout
from rollbook.errors import BadCall, InvalidFile, Refused
from rollbook.registry.main_branch import main_branch, remote_url
from rollbook.schema.schemas import SCHEMA_NAMES, schema_text
from rollbook.snapshot.safe_open import read_beneath, write_beneath
from rollbook.yaml.write import dump_inline

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
_AT_A_HOST = re.compile(r"(?!file:)(?:[a-z+]+://|[^/:]+:)")
_UNFIT = re.compile(r"[^A-Za-z0-9._/-]+")
_POLICY = "policy.yaml"
# How a registry's workflows install Rollbook: the version that wrote them, until somebody raises it.
INSTALL = f"pip install rollbook=={__version__}"


@dataclass(frozen=True, slots=True)
class Initialised:
    """What `init` wrote, and what was there already; where artifacts go, when init decided it; and the main
    branch and the registry's name that the policy states, when init wrote it."""

    written: tuple[str, ...]
    kept: tuple[str, ...]
    remote: str | None
    main: str | None = None
    registry: str | None = None


def initialise(repository: Repository, *, remote: str | None = None) -> Initialised:
    """Write a registry's files into the working tree: policy, schemas, DVC, pre-commit, workflows.

    A file that exists is never changed; nothing is staged or committed. `remote` is the address of DVC's
    default remote, a folder beside the repository when None. Raises BadCall for a bare repository, for an
    address that can't be one and where a link stands, InvalidFile for a DVC configuration that can't be
    read, Refused when it can't be told which branch is main.
    """
    root = repository.work_tree
    if root is None:
        raise BadCall(
            "a bare repository can't become a registry by itself", hint="Run it in a clone, and push."
        )
    main = _main_branch(repository)
    registry = _registry_name(repository, root)
    files = {target: template(name, main=main, registry=registry) for name, target in TEMPLATES.items()}
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
    stated = (main, registry) if layout.POLICY in written else (None, None)
    return Initialised(tuple(sorted(written)), tuple(sorted(kept)), address if config else None, *stated)


def template(name: str, install: str = INSTALL, main: str = "main", registry: str = "models") -> str:
    """Return a file that `init` writes, by its template's name.

    `install` is how a workflow installs Rollbook, `main` the branch that holds the registry's truth,
    `registry` what approvals call it.
    """
    text = resources.files("rollbook.propose").joinpath("templates", name).read_text(encoding="utf-8")
    if name == _POLICY:
        main, registry = dump_inline(main), dump_inline(registry)
    return text.replace("@@INSTALL@@", install).replace("@@MAIN@@", main).replace("@@REGISTRY@@", registry)


def _main_branch(repository: Repository) -> str:
    """The main branch. Raises Refused when it can't be told, or no workflow's filter takes it literally."""
    name = main_branch(repository)
    if not _PLAIN_BRANCH.fullmatch(name):
        raise Refused(
            f"the main branch is called {name[:120]!r}, which a workflow's filter would not take literally",
            hint="Rename it, or name another one: git config rollbook.main BRANCH",
        )
    return name


def _registry_name(repository: Repository, root: Path) -> str:
    """What approvals shall call the registry: the owner and the name at the forge, else the folder's name."""
    address = re.split(r"[:/]+", (remote_url(repository) or "").removesuffix("/").removesuffix(".git"))
    is_far = len(address) > 2 and bool(_AT_A_HOST.match(remote_url(repository) or ""))
    name = "/".join(address[-2:]) if is_far else root.name
    return _UNFIT.sub("-", name).strip("-./_")[:200] or "models"


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
