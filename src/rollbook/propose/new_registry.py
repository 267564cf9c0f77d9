"""Turning a git repository into a registry: the files that are missing are written, and nothing else."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING

from rollbook import __version__, layout
from rollbook.errors import BadCall, InvalidFile, Refused
from rollbook.git.beginning import commit_files, make_repository
from rollbook.git.repository import discover
from rollbook.git.write import identity
from rollbook.propose.own_source import installed_source, parse_source
from rollbook.registry.main_branch import main_branch, remote_url
from rollbook.schema.schemas import SCHEMA_NAMES, schema_text
from rollbook.snapshot.safe_open import read_beneath, require_place, write_beneath
from rollbook.text import printable
from rollbook.yaml.write import dump_inline

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rollbook.git.repository import Repository
    from rollbook.propose.own_source import OwnSource

# What a package-owned template becomes in a registry.
TEMPLATES = {
    "policy.yaml": layout.POLICY,
    "registry.gitignore": f"{layout.ROOT}/.gitignore",
    "registry.gitattributes": f"{layout.ROOT}/.gitattributes",
    "registry.dvcignore": f"{layout.ROOT}/.dvcignore",
    "pre-commit-config.yaml": ".pre-commit-config.yaml",
    "validate.yml": ".github/workflows/validate.yml",
    "review.yml": ".github/workflows/review.yml",
    "request.yml": ".github/workflows/request.yml",
    "promote.yml": ".github/workflows/promote.yml",
    "monitor.yml": ".github/workflows/monitor.yml",
}
# What `init --pages` writes besides.
PAGES_TEMPLATES = {"catalog.yml": ".github/workflows/catalog.yml"}
_DVC_CONFIG = ".dvc/config"
_DVC_FILES = {".dvc/.gitignore": "/config.local\n/tmp\n/cache\n", ".dvcignore": ""}
_REMOTE_NAMES = ("artifacts", "registry-artifacts", "rollbook-artifacts")
_REMOTE_SECTION = re.compile(r"""['"]?remote ["'](?P<name>.+?)["']['"]?""")
_BY_NAME = re.compile(rb"pip install [^\n]*\brollbook(==|\s|$)", re.MULTILINE)
# What a registry goes without where a file is one's own, or isn't written.
_LACKS = {
    "validate.yml": "no pull request is checked in CI",
    "review.yml": "a review does not have the check run again",
    "request.yml": "nobody can ask for a promotion on the forge itself",
    "promote.yml": "what lands by a merge on the forge is not recorded",
    "monitor.yml": "nobody watches the registry day by day",
    "pre-commit-config.yaml": "`pre-commit install` brings no check of the registry",
}
_PLAIN_BRANCH = re.compile(r"[A-Za-z0-9._/-]+")
_AT_A_HOST = re.compile(r"(?!file:)(?:[a-z+]+://|[^/:]+:)")
_UNFIT = re.compile(r"[^A-Za-z0-9._/-]+")
_POLICY = "policy.yaml"
# In the template of the policy, its stages: from this line to the next empty one.
_STAGES = re.compile(r"^# Where a version can stand.*?(?=^\n)", re.DOTALL | re.MULTILINE)
_WORKFLOWS = ".github/workflows/"


@dataclass(frozen=True, slots=True)
class Initialised:
    """What `init` wrote in `root`, and what was there already; where artifacts go, when init decided it; the
    main branch and the registry's name that the policy states, when init wrote it; the commit of Rollbook
    that the workflows run, None where it can't be told and none was written; and what a registry lacks for
    now, in a sentence each."""

    root: Path
    written: tuple[str, ...]
    kept: tuple[str, ...]
    remote: str | None
    main: str | None
    registry: str | None
    action: str | None
    missing: tuple[str, ...]


def initialise(
    repository: Repository,
    *,
    remote: str | None = None,
    action: str | None = None,
    mlflow: bool = False,
    pages: bool = False,
) -> Initialised:
    """Write a registry's files into the working tree: policy, schemas, DVC, pre-commit, workflows.

    A file that exists is never changed; nothing is staged or committed. `remote` is the address of DVC's
    default remote, a folder beside the repository when None. `action` is the commit of Rollbook that
    workflows run, as OWNER/REPO@COMMIT; where it is None, that which is installed here, and where that can't
    be told, no workflow is written. With `mlflow` the policy has MLflow's stages; with `pages` a workflow
    publishes the catalog on GitHub Pages. Raises BadCall for a bare repository, for an address or a commit
    that can't be one and where a link stands, InvalidFile for a DVC configuration that can't be read,
    Refused when it can't be told which branch is main.
    """
    root = repository.work_tree
    if root is None:
        raise BadCall(
            "a bare repository can't become a registry by itself", hint="Run it in a clone, and push."
        )
    source = installed_source() if action is None else parse_source(action)
    main, registry = main_branch(repository), _registry_name(repository, root)
    files = _files(source, main, registry, TEMPLATES | PAGES_TEMPLATES if pages else TEMPLATES)
    if mlflow:
        files[layout.POLICY] = _with_mlflow_stages(files[layout.POLICY])
    address = remote or _folder_beside(root)
    config = _named_remote(root, address)
    foreign = _foreign(root)
    for path in (*files, _DVC_CONFIG):
        require_place(root, path)
    written = [
        path for path, text in files.items() if write_beneath(root, path, text.encode(), replace=False)
    ]
    if config is not None:
        write_beneath(root, _DVC_CONFIG, config.encode(), replace=True)
        written.append(_DVC_CONFIG)
    kept = {*files, _DVC_CONFIG} - set(written)
    states = layout.POLICY in written
    return Initialised(
        root,
        tuple(sorted(written)),
        tuple(sorted(kept)),
        address if config else None,
        main if states else None,
        registry if states else None,
        str(source) if source else None,
        (*foreign, *_missing(root, source)),
    )


def begin_registry(
    directory: Path,
    *,
    remote: str | None = None,
    action: str | None = None,
    mlflow: bool = False,
    pages: bool = False,
) -> Initialised:
    """Make a registry as `initialise` does, in a repository that is made where there is none, and commit what
    was written. Raises BadCall when git does not know who commits."""
    make_repository(directory)
    repository = discover(directory)
    identity(repository)
    done = initialise(repository, remote=remote, action=action, mlflow=mlflow, pages=pages)
    commit_files(done.root, done.written, "Start a model registry")
    return done


def template(name: str, source: OwnSource | None, main: str = "main", registry: str = "models") -> str:
    """Return a file that `init` writes, by its template's name.

    `source` is what a workflow and the hook run Rollbook from, `main` the branch that holds the registry's
    truth, `registry` what approvals call it. Without a source the hook runs the `rollbook` on the PATH;
    workflows have to have one.
    """
    if name == "pre-commit-config.yaml" and source is None:
        name = "pre-commit-local.yaml"
    text = resources.files("rollbook.propose").joinpath("templates", name).read_text(encoding="utf-8")
    if source is not None:
        text = text.replace("@@ACTION@@", f"{source} # v{__version__}")
        text = text.replace("@@REPOSITORY@@", source.repository).replace("@@COMMIT@@", source.commit)
    if name == _POLICY:
        main, registry = dump_inline(main), dump_inline(registry)
    elif not _PLAIN_BRANCH.fullmatch(main):
        main = "main"  # a workflow's filter would not take such a name literally
    return text.replace("@@MAIN@@", main).replace("@@REGISTRY@@", registry)


def _with_mlflow_stages(policy: str) -> str:
    """Return the policy with the stages that MLflow has, and what becomes of what its clients write."""
    stages = resources.files("rollbook.propose").joinpath("templates", "mlflow-stages.yaml")
    return _STAGES.sub(lambda _: stages.read_text(encoding="utf-8"), policy, count=1)


def _files(
    source: OwnSource | None, main: str, registry: str, templates: Mapping[str, str]
) -> dict[str, str]:
    """Return what a registry is made of, by path; DVC's configuration apart."""
    files = {
        target: template(name, source, main, registry)
        for name, target in templates.items()
        if source is not None or not target.startswith(_WORKFLOWS)
    }
    files |= {f"schemas/{name}.schema.json": schema_text(name) for name in SCHEMA_NAMES}
    return files | _DVC_FILES


def _missing(root: Path, source: OwnSource | None) -> tuple[str, ...]:
    """Return what a registry goes without, because of files of one's own or for want of a source of
    Rollbook.
    """
    reasons = []
    for name, target in TEMPLATES.items():
        if (lack := _LACKS.get(name)) is None:
            continue
        if (content := read_beneath(root, target)) is not None:
            reasons += _own_file(target, content, lack)
    if source is None:
        reasons.append(
            "no workflow is written, so nothing is checked, recorded or watched on the forge: which commit "
            "of Rollbook to run there can't be told from this installation. "
            "`rollbook init --action OWNER/REPO@COMMIT` writes them"
        )
    return tuple(reasons)


def _own_file(target: str, data: bytes, lack: str) -> list[str]:
    """Return what is wrong with a file that was there, for a registry."""
    if b"rollbook" not in data:
        return [f"{target} is your own, and does not run rollbook: {lack}"]
    if _BY_NAME.search(data):
        return [
            f"{target} installs whatever an index has under the name rollbook, and hands it the token: "
            "delete it, and run `rollbook init` again"
        ]
    return []


def _foreign(root: Path) -> tuple[str, ...]:
    """Return what stands in the registry's folder before there is a registry, which every check would
    refuse.
    """
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


def _registry_name(repository: Repository, root: Path) -> str:
    """Return what approvals shall call the registry: the owner and the name at the forge, else the folder's
    name.
    """
    address = re.split(r"[:/]+", (remote_url(repository) or "").removesuffix("/").removesuffix(".git"))
    is_far = len(address) > 2 and bool(_AT_A_HOST.match(remote_url(repository) or ""))
    name = "/".join(address[-2:]) if is_far else root.name
    return _UNFIT.sub("-", name).strip("-./_")[:200] or "models"


def _folder_beside(root: Path) -> str:
    """Return the address of a folder beside the repository, seen from `.dvc/`; beside the outermost one where
    it stands in another's working tree, as a submodule does, so that no repository has it in its files.
    """
    outer = [parent for parent in root.parents if (parent / ".git").exists()]
    beside = (outer[-1] if outer else root).parent / f"{root.name}-artifacts"
    return Path(os.path.relpath(beside, root / ".dvc")).as_posix()


def _named_remote(root: Path, address: str) -> str | None:
    """DVC's configuration with `address` as the default remote; None when it has one already. A remote that
    is there keeps its address: another name is taken, but for one that has this very address.

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
    if not isinstance(core, dict) or any(not isinstance(section, dict) for section in settings.values()):
        raise InvalidFile("not DVC's format: a section is a single value", path=_DVC_CONFIG)
    if core.get("remote"):
        return None
    there = {
        name: section.get("url")
        for section_name, section in settings.items()
        if (name := _remote(section_name))
    }
    same = [name for name, url in there.items() if url == address]
    free = (name for name in _REMOTE_NAMES if name not in there)
    chosen = same[0] if same else next(free, "")
    if not chosen:
        raise Refused(
            f"{_DVC_CONFIG} has remotes {' and '.join(_REMOTE_NAMES)}, and no default",
            hint="Say which is the registry's: dvc remote default NAME",
        )
    settings.indent_type = "    "
    core["remote"] = chosen
    settings.setdefault(f'remote "{chosen}"', {})["url"] = address
    return "\n".join(settings.write()) + "\n"


def _remote(section: str) -> str:
    """Return the name of the remote that a section of DVC's configuration is about; empty for another."""
    found = _REMOTE_SECTION.fullmatch(section)
    return found["name"] if found else ""
