"""What is told of a new version, by options or by a program, brought into the manifest's own shape."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from rollbook.check.environment_files import kind_of_file, python_of
from rollbook.check.toml_locks import kind_of_lock
from rollbook.errors import BadCall, InvalidFile
from rollbook.layout import REQUIREMENTS_TXT
from rollbook.names import split_build
from rollbook.propose import manifest_facts
from rollbook.propose.described_facts import DescribedFacts, describe
from rollbook.propose.facts_files import metrics_file, params_file
from rollbook.propose.samples import read_sample
from rollbook.propose.signature_file import signature_file
from rollbook.propose.told_data import data_sets
from rollbook.propose.told_model import ToldModel
from rollbook.propose.vouching import ToldVouching
from rollbook.records.fields import tags_of
from rollbook.text import decoded

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

PathLike = str | Path
_PIP_FREEZE = "pip freeze > requirements.txt"
# What writes a file of pip's out of lock files and descriptions of environments, by their endings.
_EXPORTS = {
    ".toml": "uv export, pdm export, or pip-compile pyproject.toml",
    ".lock": "uv export, pdm export, or pipenv requirements",
    ".yml": f"{_PIP_FREEZE}, in that environment",
    ".yaml": f"{_PIP_FREEZE}, in that environment",
    ".json": _PIP_FREEZE,
    ".py": _PIP_FREEZE,
    ".cfg": _PIP_FREEZE,
}


# The tag that keeps a version's build.
BUILD = "build"
# What tells by a file's content which it is, by the endings that such a file may have.
_KINDS = {
    ".yml": (kind_of_file,),
    ".yaml": (kind_of_file,),
    ".lock": (kind_of_lock, kind_of_file),
    ".toml": (kind_of_lock,),
}


class FactsBesideSample(ToldModel, DescribedFacts, ToldVouching, total=False):
    """What may be told of a version when it is registered, but for the file of its sample. All of it may be
    left out, or be None.

    `metrics`, `params` (hyperparameters) and `tags` are by name; each of the `..._files` holds more of them,
    as JSON, YAML, TOML or Python, of which what a manifest can't hold is left out. `data` are the data sets
    it was trained on, each `NAME[@VERSION][=URI]`, or its fields, as text
    (`name=...,version=...,uri=...`) or as a mapping; `run` the run that trained it, `TOOL/ID[=URI]`;
    `framework` is `NAME[==VERSION]`; `python` the version of Python. `requirements` and `card` are files that
    go beside the manifest. `source` is a YAML file of manifest fields: the others add to it and win.

    Of its making and its limits: `features`, by name, after those in `features_file`; `feature_pipeline`,
    `NAME[@VERSION]`; `preprocessing`, the steps in words; `inputs` and `outputs`, each `NAME:DTYPE[:SHAPE]`;
    `signature`, a file of both, MLflow's or a server's metadata too; `sample_output`, from which outputs are
    inferred; `trained_at`, `training_started` and `training_ended`, dates with or without a time (in UTC
    unless it has a zone); `training_duration`, in seconds or as `2.5h`, `1h30m`; `training_rows`;
    `limitations`; `protected_groups`.

    Of a new model: `display_name`, `owner` (by default you), `team`, `task`, `use_case`,
    `model_description`, `model_tags`, `compliance`, `data_classification`.

    `reference` is a file of rows (CSV, TSV, Parquet, JSON) that live data is to be held against.

    Of who vouches for it: `sign`, `provenance`, `provenance_key`; see `ToldVouching`.
    """

    description: str | None
    metrics: Mapping[str, float]
    metrics_files: Sequence[PathLike]
    params: Mapping[str, Any]
    params_files: Sequence[PathLike]
    data: Sequence[str | Mapping[str, Any]]
    run: str | None
    tags: Mapping[str, str]
    framework: str | None
    algorithm: str | None
    python: str | None
    requirements: PathLike | None
    signature: PathLike | None
    sample_output: PathLike | None
    reference: PathLike | None
    card: PathLike | None
    source: PathLike | None


class ToldFacts(FactsBesideSample, total=False):
    """What may be told of a version when a file is registered: `sample_input` too, a file of rows in JSON,
    CSV or Parquet, which goes beside the manifest, and from which the signature's inputs are inferred.
    """

    sample_input: PathLike | None


def manifest_fields(told: ToldFacts) -> tuple[dict[str, Any], tuple[str, ...]]:
    """Return the manifest's fields that are told, but for those that say of the files beside it, and a line
    for each file of metrics or parameters of which something was left out.

    Raises BadCall for a file that can't be read, and for what has no such shape.
    """
    source = told.get("source")
    fields = manifest_facts.mapping_file(Path(source)) if source else {}
    measured = [metrics_file(Path(path)) for path in told.get("metrics_files") or ()]
    set_to = [params_file(Path(path)) for path in told.get("params_files") or ()]
    given = manifest_facts.finite(told.get("metrics") or {})
    _merge(fields, "metrics", [*(metrics for metrics, _ in measured), given])
    _merge(fields, "hyperparameters", [*(params for params, _ in set_to), told.get("params") or {}])
    if fields.get("tags") is not None:
        fields["tags"] = _tags(fields["tags"], str(source))
    _merge(fields, "tags", [told.get("tags") or {}])
    if description := told.get("description"):
        fields["description"] = description
    if algorithm := told.get("algorithm"):
        fields["algorithm"] = algorithm
    if framework := told.get("framework"):
        fields["framework"] = manifest_facts.framework(framework)
    if data := told.get("data"):
        listed = data_sets(data)
        fields["lineage"] = manifest_facts.with_listed(fields.get("lineage"), "data", listed)
    if run := told.get("run"):
        fields["lineage"] = manifest_facts.with_run(fields.get("lineage"), run)
    if python := told.get("python"):
        _merge(fields, "environment", [{"python": python}])
    if signature := told.get("signature"):
        _merge(fields, "signature", [signature_file(Path(signature))])
    describe(fields, told)
    return fields, tuple(line for _, line in [*measured, *set_to] if line)


def _tags(value: object, source: str) -> dict[str, Any]:
    """Return the tags of a file of facts in the form in which a manifest is written."""
    tags = tags_of(value)
    if tags is None:
        raise BadCall(f"{source}: tags: a mapping of names to texts, or a list of names, is needed here")
    return tags


def attach_files(told: ToldFacts, fields: dict[str, Any]) -> dict[str, bytes]:
    """Return the files that go beside the manifest, by name, and put into `fields` what follows from them.

    Raises BadCall for a file that can't be read, or a sample from which nothing can be inferred.
    """
    files: dict[str, bytes] = {}
    if requirements := told.get("requirements"):
        data = _utf_8(manifest_facts.small_file(Path(requirements)))
        name = _environment_file(Path(requirements), data)
        files[name] = data
        digest = manifest_facts.sha256(data)
        environment = manifest_facts.merged("environment", fields.get("environment"), [])
        python = environment.get("python") or python_of(name, decoded(data))
        fields["environment"] = {
            **environment,
            **({"python": python} if python else {}),
            "requirements": name,
            "sha256": digest,
        }
    if sample := told.get("sample_input"):
        rows = read_sample(manifest_facts.small_file(Path(sample)), Path(sample))
        _infer(fields, "inputs", rows.tensors("input"))
        files["sample-input.json"] = rows.kept()
    if sample := told.get("sample_output"):  # which is not kept
        rows = read_sample(manifest_facts.small_file(Path(sample)), Path(sample))
        _infer(fields, "outputs", rows.tensors("output"))
    if card := told.get("card"):
        files["card.md"] = _utf_8(manifest_facts.small_file(Path(card)))
        fields["card"] = "card.md"
    return files


def _infer(fields: dict[str, Any], half: str, tensors: list[dict[str, Any]]) -> None:
    """Put one half of the signature into `fields`, unless it is told there."""
    fields["signature"] = {half: tensors, **manifest_facts.merged("signature", fields.get("signature"), [])}


def _utf_8(data: bytes) -> bytes:
    """Return a text as it is, but for one in UTF-16, as PowerShell writes what a program prints."""
    return decoded(data).encode() if data.startswith((b"\xff\xfe", b"\xfe\xff")) else data


def _environment_file(path: Path, data: bytes) -> str:
    """Return the name that the file of an environment has beside the manifest: pip's, conda's, or a lock's.

    Raises BadCall for a file of another format, by its name.
    """
    ending = path.suffix.lower()
    if ending not in _EXPORTS:
        return REQUIREMENTS_TXT
    why = ""
    for kind in _KINDS.get(ending, ()):
        try:
            if name := kind(data):
                return name
        except InvalidFile as error:
            why = f" ({error})" if ending != ".lock" else ""
    how = f"Write the environment as pip reads it: {_EXPORTS[ending]}"
    raise BadCall(f"{path} is in no format that is known of an environment{why}", hint=how)


def take_version(told: ToldFacts, fields: dict[str, Any], given: str | None, bump: str | None) -> str | None:
    """Return the version that is `given`, else that of the file of facts, which is taken out of `fields`;
    None where it is to be bumped. Its build, in `2.1.3+a1b2c3d`, becomes the tag `build`.

    Raises BadCall where it is given and bumped, is no text, or its tag says another build.
    """
    if given and bump:
        raise BadCall("a version is either given or bumped", hint="Give one of the two.")
    version = fields.pop("version", None)
    if bump:
        return None
    if given:
        version = given
    if version is not None and not isinstance(version, str):
        message = f"{told.get('source')}: version: a version is text"
        raise BadCall(message, hint=f'Quote it: version: "{version}"')
    alone, build = split_build(version or "")
    if build:
        tags = fields.get("tags") or {}
        if tags.get(BUILD, build) != build:
            raise BadCall(f"{version} has the build {build}, and the tag `{BUILD}` says {tags[BUILD]!r}")
        fields["tags"] = {**tags, BUILD: build}
    return alone or None


def _merge(fields: dict[str, Any], name: str, parts: Sequence[Mapping[str, Any]]) -> None:
    """Add each part to the mapping `fields[name]`, the later winning; leave it out when all are empty."""
    if any(parts):
        fields[name] = manifest_facts.merged(name, fields.get(name), parts)
