"""Where each file of a registry stands, and what a path means.

Paths are relative to the repository's root, with `/` between their parts, as git writes them.
"""

from __future__ import annotations

import functools
import re
import unicodedata
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

from rollbook.names import is_model_name, is_version

if TYPE_CHECKING:
    from collections.abc import Mapping

ROOT = "registry"
POLICY = f"{ROOT}/policy.yaml"
ALLOWED_SIGNERS = f"{ROOT}/allowed_signers"
CARD_TEMPLATE = f"{ROOT}/card-template.md"
# DVC's file at the repository's root, which the registry shares with the team's pipelines.
DVC_YAML = "dvc.yaml"
CODEOWNERS = ".github/CODEOWNERS"
# The names in the repository's root that Rollbook, DVC, git or a forge gives a meaning.
_MEANT = (ROOT, DVC_YAML, "schemas", ".dvc", ".github", ".gitattributes", ".gitmodules", ".dvcignore")
# What HFS+ leaves out when it compares names.
_UNSEEN = re.compile("[\u200c-\u200f\u202a-\u202e\u206a-\u206f\ufeff]")


class Kind(Enum):
    """What a file of the registry is. The value names its schema where it has one."""

    POLICY = "policy"
    MODEL = "model"
    STAGES = "stages"
    ORIGIN = "origin"
    MANIFEST = "version"
    POINTER = "pointer"
    SAMPLE_INPUT = "sample-input"
    REQUIREMENTS = "requirements"
    CARD = "card"
    NOTES = "notes"
    EVIDENCE = "evidence"
    ATTACHMENT = "attachment"
    REMOVAL = "removed"
    IMPORT = "imported"
    MODEL_SIGNATURE = "model-signature"
    PROVENANCE = "provenance"
    REGISTRY_FILE = "registry-file"
    STRAY = "stray"


# The schema of each kind of YAML file; the other kinds are no YAML.
SCHEMAS = {
    kind: kind.value
    for kind in (
        Kind.POLICY,
        Kind.MODEL,
        Kind.STAGES,
        Kind.ORIGIN,
        Kind.MANIFEST,
        Kind.POINTER,
        Kind.NOTES,
        Kind.EVIDENCE,
        Kind.REMOVAL,
        Kind.IMPORT,
    )
} | {Kind.ATTACHMENT: Kind.POINTER.value}

WRITE_ONCE = frozenset(
    [
        Kind.ORIGIN,
        Kind.MANIFEST,
        Kind.POINTER,
        Kind.SAMPLE_INPUT,
        Kind.REQUIREMENTS,
        Kind.EVIDENCE,
        Kind.ATTACHMENT,
        Kind.REMOVAL,
        Kind.IMPORT,
        Kind.MODEL_SIGNATURE,
        Kind.PROVENANCE,
    ]
)

_REGISTRY_FILES = {
    POLICY: Kind.POLICY,
    f"{ROOT}/.gitignore": Kind.REGISTRY_FILE,
    f"{ROOT}/.gitattributes": Kind.REGISTRY_FILE,
    f"{ROOT}/.dvcignore": Kind.REGISTRY_FILE,
    f"{ROOT}/README.md": Kind.REGISTRY_FILE,
    ALLOWED_SIGNERS: Kind.REGISTRY_FILE,
    CARD_TEMPLATE: Kind.REGISTRY_FILE,
}
# In which an environment may stand beside a manifest.
REQUIREMENTS_TXT = "requirements.txt"
CONDA_ENVIRONMENT = "environment.yml"
CONDA_LOCK = "conda-lock.yml"
PIXI_LOCK = "pixi.lock"
UV_LOCK = "uv.lock"
POETRY_LOCK = "poetry.lock"
PYLOCK = "pylock.toml"
TOML_LOCKS = (UV_LOCK, POETRY_LOCK, PYLOCK)
ENVIRONMENT_FILES = (REQUIREMENTS_TXT, CONDA_ENVIRONMENT, CONDA_LOCK, PIXI_LOCK, *TOML_LOCKS)
# What vouches for the artifact: its signature, and how it was made.
MODEL_SIGNATURE, PROVENANCE = "model.sig", "provenance.jsonl"
# What was registered before these had a meaning may be an artifact of that name.
FORMERLY_FREE = frozenset([*ENVIRONMENT_FILES, MODEL_SIGNATURE, PROVENANCE]) - {REQUIREMENTS_TXT}
# Each of them makes the folder that it stands in a model.
MODEL_FILES = {"model.yaml": Kind.MODEL, "stages.yaml": Kind.STAGES, "origin.yaml": Kind.ORIGIN}
_VERSION_FILES = {
    "version.yaml": Kind.MANIFEST,
    "sample-input.json": Kind.SAMPLE_INPUT,
    **dict.fromkeys(ENVIRONMENT_FILES, Kind.REQUIREMENTS),
    "card.md": Kind.CARD,
    "notes.yaml": Kind.NOTES,
    "removed.yaml": Kind.REMOVAL,
    "imported.yaml": Kind.IMPORT,
    MODEL_SIGNATURE: Kind.MODEL_SIGNATURE,
    PROVENANCE: Kind.PROVENANCE,
}
_MODEL_PATH = re.compile(
    rf"{ROOT}/(?P<model>[^/]+(?:/[^/]+)?)/(?P<file>model\.yaml|stages\.yaml|origin\.yaml)"
)
_VERSION_PATH = re.compile(
    rf"{ROOT}/(?P<model>[^/]+(?:/[^/]+)??)/versions/(?P<version>[^/]+)/(?P<file>.+)", re.DOTALL
)
_EVIDENCE_FILE = re.compile(r"evidence/[a-z]+(?:-[a-z]+)*-[1-9][0-9]*\.yaml")
# Beside a file of evidence, a folder of its name with the pointers to what is attached to it.
_ATTACHMENT_FILE = re.compile(r"evidence/[a-z]+(?:-[a-z]+)*-[1-9][0-9]*/[^/]+\.dvc")
_POINTER_FILE = re.compile(r"[^/]+\.dvc")


@dataclass(frozen=True, slots=True)
class Place:
    """What stands at a path: its kind, and the model and version it belongs to."""

    kind: Kind
    model: str | None = None
    version: str | None = None


def model_directory(model: str) -> str:
    return f"{ROOT}/{model}"


def model_path(model: str) -> str:
    return f"{ROOT}/{model}/model.yaml"


def stages_path(model: str) -> str:
    return f"{ROOT}/{model}/stages.yaml"


def origin_path(model: str) -> str:
    return f"{ROOT}/{model}/origin.yaml"


def versions_directory(model: str) -> str:
    return f"{ROOT}/{model}/versions"


def version_directory(model: str, version: str) -> str:
    return f"{ROOT}/{model}/versions/{version}"


def manifest_path(model: str, version: str) -> str:
    return f"{ROOT}/{model}/versions/{version}/version.yaml"


def pointer_path(model: str, version: str, artifact: str) -> str:
    return f"{ROOT}/{model}/versions/{version}/{artifact}.dvc"


def card_path(model: str, version: str) -> str:
    return f"{ROOT}/{model}/versions/{version}/card.md"


def notes_path(model: str, version: str) -> str:
    return f"{ROOT}/{model}/versions/{version}/notes.yaml"


def removal_path(model: str, version: str) -> str:
    return f"{ROOT}/{model}/versions/{version}/removed.yaml"


def imported_path(model: str, version: str) -> str:
    return f"{ROOT}/{model}/versions/{version}/imported.yaml"


def signature_path(model: str, version: str) -> str:
    return f"{ROOT}/{model}/versions/{version}/{MODEL_SIGNATURE}"


def provenance_path(model: str, version: str) -> str:
    return f"{ROOT}/{model}/versions/{version}/{PROVENANCE}"


def evidence_directory(model: str, version: str) -> str:
    return f"{ROOT}/{model}/versions/{version}/evidence"


def attachment_pointer_path(evidence: str, name: str) -> str:
    """Where the pointer to what is attached to the evidence at a path stands."""
    return f"{evidence.removesuffix('.yaml')}/{name}.dvc"


def folded(name: str) -> str:
    """Return what a name is to a file system that tells neither case nor Unicode forms apart."""
    return name.lower() if name.isascii() else unicodedata.normalize("NFKC", name).casefold()


@functools.lru_cache(maxsize=1 << 12)
def meant(name: str) -> str:
    """Return the name of the repository's root that `name` is on the file systems of macOS or Windows, which
    fold case and Unicode forms, drop dots and blanks at the end, and know short names; else `name`."""
    plain = folded(_UNSEEN.sub("", re.split(r"[:\\]", name)[0])).rstrip(". ")
    return next((target for target in _MEANT if plain == target or _short(target).fullmatch(plain)), name)


def as_meant(path: str) -> str:
    """Return a path as those file systems take it, as far as its first name goes; see `meant`."""
    name, slash, rest = path.partition("/")
    return f"{meant(name)}{slash}{rest}"


@functools.cache
def _short(name: str) -> re.Pattern[str]:
    """Return the short names that Windows gives a long one: `GITHUB~1`, `GI7EBA~1`."""
    stem, dot, ending = name.lstrip(".").partition(".")
    return re.compile(rf"(?:{stem[:6]}|{stem[:2]}[0-9a-f]{{4}})~[0-9]+" + (rf"\.{ending[:3]}" if dot else ""))


@functools.lru_cache(maxsize=1 << 16)  # a check asks for the place of every path several times
def place(path: str) -> Place:
    """Say what stands at `path`. A path that the layout has no room for is `Kind.STRAY`."""
    if path in _REGISTRY_FILES:
        return Place(_REGISTRY_FILES[path])
    if match := _MODEL_PATH.fullmatch(path):
        model = match["model"]
        return Place(MODEL_FILES[match["file"]] if is_model_name(model) else Kind.STRAY, model)
    if match := _VERSION_PATH.fullmatch(path):
        return Place(_version_file(match["file"], match["model"]), match["model"], match["version"])
    return Place(Kind.STRAY)


def is_model(inside: Mapping[str, bool], versions: Mapping[str, bool]) -> bool:
    """Whether a folder with a model's name is a model, whatever else stands in it.

    It is one when it holds `model.yaml`, `stages.yaml` or `origin.yaml`, or a folder `versions/<version>`.
    `inside` and `versions` are the names in it and in its `versions`, and whether each is a directory.
    """
    is_told = any(inside.get(name) is False for name in MODEL_FILES)
    return is_told or any(is_directory and is_version(name) for name, is_directory in versions.items())


def model_made_by(path: str) -> str | None:
    """Return the model that a file at `path` makes exist, by the rule of `is_model`; None for none."""
    file_place = place(path)
    if file_place.model is None or not is_model_name(file_place.model):
        return None
    return file_place.model if file_place.version is None or is_version(file_place.version) else None


def _version_file(name: str, model: str) -> Kind:
    if not is_model_name(model):
        return Kind.STRAY
    if name in _VERSION_FILES:
        return _VERSION_FILES[name]
    if _EVIDENCE_FILE.fullmatch(name):
        return Kind.EVIDENCE
    if _ATTACHMENT_FILE.fullmatch(name):
        return Kind.ATTACHMENT
    return Kind.POINTER if _POINTER_FILE.fullmatch(name) else Kind.STRAY
