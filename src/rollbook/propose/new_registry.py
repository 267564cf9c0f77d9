"""Turning a git repository into a registry: the files that are missing are written, and nothing else."""

from __future__ import annotations

import os
import re
import tempfile
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING

from rollbook import __version__, layout
from rollbook.artifact.placed_file import placed
from rollbook.errors import BadCall, InvalidFile, Refused
from rollbook.git.repository import main_branch
from rollbook.propose.own_source import installed_source, parse_source
from rollbook.schema.schemas import SCHEMA_NAMES, schema_text
from rollbook.text import printable

if TYPE_CHECKING:
    from rollbook.git.repository import Repository
    from rollbook.propose.own_source import OwnSource

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
_BY_NAME = re.compile(rb"pip install [^\n]*\brollbook(==|\s|$)", re.MULTILINE)
# What a registry goes without where a file is one's own, or isn't written.
_LACKS = {
    "validate.yml": "no pull request is checked in CI",
    "review.yml": "a review does not have the check run again",
    "promote.yml": "what lands by a merge on the forge is not recorded",
    "monitor.yml": "nobody watches the registry day by day",
    "pre-commit-config.yaml": "`pre-commit install` brings no check of the registry",
}
_PLAIN_BRANCH = re.compile(r"[A-Za-z0-9._/-]+")
_WORKFLOWS = ".github/workflows/"


@dataclass(frozen=True, slots=True)
class Initialised:
    """What `init` wrote in `root`, and what was there already; where artifacts go, when init decided it; the
    commit of Rollbook that the workflows run, None where it can't be told and none was written; and what a
    registry lacks for now, in a sentence each."""

    root: Path
    written: tuple[str, ...]
    kept: tuple[str, ...]
    remote: str | None
    action: str | None
    missing: tuple[str, ...]


def initialise(
    repository: Repository, *, remote: str | None = None, action: str | None = None
) -> Initialised:
    """Write a registry's files into the working tree: policy, schemas, DVC, pre-commit, workflows.

    A file that exists is never changed; nothing is staged or committed. `remote` is the address of DVC's
    default remote, a folder beside the repository when None. `action` is the commit of Rollbook that
    workflows run, as OWNER/REPO@COMMIT; where it is None, that which is installed here, and where that can't
    be told, no workflow is written. Raises BadCall for a bare repository and for an address or a commit that
    can't be one, InvalidFile for a DVC configuration that can't be read; nothing is written then.
    """
    root = repository.work_tree
    if root is None:
        raise BadCall(
            "a bare repository can't become a registry by itself", hint="Run it in a clone, and push."
        )
    source = installed_source() if action is None else parse_source(action)
    files = _files(source, _main_branch(repository))
    address = remote or f"../../{root.name}-artifacts"
    config = _named_remote(root / _DVC_CONFIG, address)
    foreign = _foreign(root)
    written = [path for path, text in files.items() if _write_new(root, path, text)]
    if config is not None:
        with placed(root / _DVC_CONFIG, overwrite=True) as temporary:
            temporary.write_text(config, encoding="utf-8")
        written.append(_DVC_CONFIG)
    kept = {*files, _DVC_CONFIG} - set(written)
    return Initialised(
        root,
        tuple(sorted(written)),
        tuple(sorted(kept)),
        address if config else None,
        str(source) if source else None,
        (*foreign, *_missing(root, source)),
    )


def template(name: str, source: OwnSource | None, main: str = "main") -> str:
    """Return a file that `init` writes, by its template's name.

    `source` is what a workflow and the hook run Rollbook from, `main` the branch that holds the registry's
    truth. Without a source the hook runs the `rollbook` on the PATH; workflows have to have one.
    """
    if name == "pre-commit-config.yaml" and source is None:
        name = "pre-commit-local.yaml"
    text = resources.files("rollbook.propose").joinpath("templates", name).read_text(encoding="utf-8")
    if source is not None:
        text = text.replace("@@ACTION@@", f"{source} # v{__version__}")
        text = text.replace("@@REPOSITORY@@", source.repository).replace("@@COMMIT@@", source.commit)
    return text.replace("@@MAIN@@", main)


def _files(source: OwnSource | None, main: str) -> dict[str, str]:
    """What a registry is made of, by path; DVC's configuration apart."""
    files = {
        target: template(name, source, main)
        for name, target in TEMPLATES.items()
        if source is not None or not target.startswith(_WORKFLOWS)
    }
    files |= {f"schemas/{name}.schema.json": schema_text(name) for name in SCHEMA_NAMES}
    return files | _DVC_FILES


def _missing(root: Path, source: OwnSource | None) -> tuple[str, ...]:
    """What a registry goes without, because of files of one's own or for want of a source of Rollbook."""
    reasons = []
    for name, target in TEMPLATES.items():
        if (lack := _LACKS.get(name)) is None:
            continue
        if (root / target).is_file():
            reasons += _own_file(target, (root / target).read_bytes(), lack)
    if source is None:
        reasons.append(
            "no workflow is written, so nothing is checked, recorded or watched on the forge: which commit "
            "of Rollbook to run there can't be told from this installation. "
            "`rollbook init --action OWNER/REPO@COMMIT` writes them"
        )
    return tuple(reasons)


def _own_file(target: str, data: bytes, lack: str) -> list[str]:
    """What is wrong with a file that was there, for a registry."""
    if b"rollbook" not in data:
        return [f"{target} is your own, and does not run rollbook: {lack}"]
    if _BY_NAME.search(data):
        return [
            f"{target} installs whatever an index has under the name rollbook, and hands it the token: "
            "delete it, and run `rollbook init` again"
        ]
    return []


def _foreign(root: Path) -> tuple[str, ...]:
    """What stands in the registry's folder before there is a registry, which every check would refuse."""
    folder = root / layout.ROOT
    if (root / layout.POLICY).exists() or folder.is_symlink() or not folder.is_dir():
        return ()
    allowed = {Path(path).name for path in TEMPLATES.values() if path.startswith(f"{layout.ROOT}/")}
    names = sorted(path.name for path in folder.iterdir() if path.name not in allowed)
    if not names:
        return ()
    return (
        f"{layout.ROOT}/ exists already and holds {', '.join(map(printable, names[:5]))}"
        f"{' and more' if len(names) > 5 else ''}, which the check refuses: move it elsewhere",
    )


def _main_branch(repository: Repository) -> str:
    """The main branch, when its name can be told and a workflow's filter takes it literally; else `main`."""
    try:
        name = main_branch(repository)
    except Refused:
        return "main"
    return name if _PLAIN_BRANCH.fullmatch(name) else "main"


def _named_remote(config: Path, address: str) -> str | None:
    """DVC's configuration with `address` as the default remote; None when it has one already.

    Raises BadCall for an address that no file can hold, InvalidFile for a configuration that can't be read.
    """
    from configobj import ConfigObj, ConfigObjError  # type: ignore[import-untyped]

    if not address.isprintable():
        raise BadCall("the remote's address holds control characters")
    try:
        lines = config.read_text(encoding="utf-8").splitlines() if config.exists() else []
        settings = ConfigObj(lines)
    except (ConfigObjError, UnicodeDecodeError) as error:
        raise InvalidFile(f"not DVC's format: {error}", path=str(config)) from error
    core = settings.setdefault("core", {})
    remote = settings.setdefault(f'remote "{_REMOTE_NAME}"', {})
    if not isinstance(core, dict) or not isinstance(remote, dict):
        raise InvalidFile("not DVC's format: a section is a single value", path=str(config))
    if core.get("remote"):
        return None
    settings.indent_type = "    "
    core["remote"], remote["url"] = _REMOTE_NAME, address
    return "\n".join(settings.write()) + "\n"


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
