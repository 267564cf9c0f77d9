"""Packaging: a version is converted to another format, compared, and proposed as derived from it."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Any

from rollbook import __version__, layout
from rollbook.artifact.conversion.conversions import conversion_of
from rollbook.artifact.conversion.converting import convert
from rollbook.artifact.conversion.output_comparison import TOLERANCE, compare_outputs
from rollbook.artifact.conversion.weights_comparison import differing_weights
from rollbook.artifact.progress import quiet
from rollbook.artifact.retrieval import fetch_version
from rollbook.artifact.running.version_run import RunSettings, run_artifact
from rollbook.errors import NotFound, Refused
from rollbook.propose.new_evidence import Examination
from rollbook.propose.registration import register
from rollbook.propose.registration_request import Registration
from rollbook.propose.smoke_test import SAMPLE, sample_rows
from rollbook.text import one_line, printable
from rollbook.yaml.strict import load

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from rollbook.artifact.conversion.conversions import Conversion
    from rollbook.artifact.conversion.converting import Converted
    from rollbook.artifact.progress import Progress
    from rollbook.artifact.running.model_run import Rows
    from rollbook.git.repository import Repository
    from rollbook.propose.registration import ProposedVersion
    from rollbook.registry.model_version import ModelVersion

TOOL = "rollbook package"
# What is the parent's alone, or is made anew.
_NOT_CARRIED = frozenset(
    ["model", "version", "created_at", "created_by", "backfilled", "artifact", "description", "card", "tags"]
)
_LONGEST_SUMMARY = 2000
_MOST_SHOWN = 20


@dataclass(frozen=True, slots=True)
class PackagingSettings:
    """What is made: the format, how near numbers must be, other rows than the version's sample; the version
    or else how the newest is bumped, and what the artifact is called; `run` says how models are run."""

    target: str
    tolerance: float = TOLERANCE
    input: Path | None = None
    version: str | None = None
    bump: str = "minor"
    name: str | None = None
    run: RunSettings = field(default_factory=RunSettings)


@dataclass(frozen=True, slots=True)
class PackagedVersion:
    """A version that was converted, compared and proposed. `comparisons` says in a sentence for each output
    how it compares, `new_outputs` names those that nothing was held against; `metrics` are the figures;
    `versions` are those of what converted; `trusted_types` what whoever loads it has to trust."""

    parent: str
    proposed: ProposedVersion
    source_format: str
    comparisons: tuple[str, ...]
    new_outputs: tuple[str, ...]
    metrics: Mapping[str, float]
    versions: Mapping[str, str]
    trusted_types: tuple[str, ...]
    isolation: str


@dataclass(frozen=True, slots=True)
class _Compared:
    """How the two compare: figures, a sentence on each output, the outputs that are new, the sample."""

    metrics: Mapping[str, float]
    sentences: tuple[str, ...]
    new: tuple[str, ...] = ()
    data: Mapping[str, str] = field(default_factory=dict)


def package_version(
    repository: Repository, version: ModelVersion, settings: PackagingSettings, progress: Progress = quiet
) -> PackagedVersion:
    """Convert a version, run both on the sample, and propose what was made as a version derived from it.

    Raises Refused for formats that can't be converted, what needs trust, and outputs that differ by more than
    the tolerance: nothing is proposed then. Raises BadCall where there are no rows or a library is missing,
    ModelFailed where it can't be converted or run, and as `register` does.
    """
    conversion = conversion_of(version.artifact.format, settings.target)
    sample = sample_rows(_carried_files(version), settings.input) if conversion.is_runnable else None
    with tempfile.TemporaryDirectory(prefix="rollbook-") as folder:
        source, made = Path(folder, "source"), Path(folder, "made")
        source.mkdir()
        made.mkdir()
        artifact = fetch_version(version, source, progress=progress)
        output = made / f"{PurePath(version.artifact.path).stem}{conversion.suffix}"
        signature = version.manifest.signature
        converted = convert(
            artifact, conversion, sample[0] if sample else None, signature, settings.run, output
        )
        compared = (
            _compared_outputs(artifact, converted, conversion, signature, sample, settings)
            if sample
            else _compared_weights(converted)
        )
        request = _request(version, conversion, converted, compared, settings)
        proposed = register(repository, request, progress)
    return PackagedVersion(
        parent=str(version),
        proposed=proposed,
        source_format=conversion.source,
        comparisons=compared.sentences,
        new_outputs=compared.new,
        metrics=compared.metrics,
        versions=converted.versions,
        trusted_types=converted.trusted_types,
        isolation=converted.isolation,
    )


def _request(
    version: ModelVersion,
    conversion: Conversion,
    converted: Converted,
    compared: _Compared,
    settings: PackagingSettings,
) -> Registration:
    return Registration(
        model=version.model.name,
        artifact=converted.path,
        version=settings.version,
        bump=settings.bump,
        facts=_facts(version, conversion, converted),
        attachments=_carried_files(version),
        parents=[str(version)],
        name=settings.name,
        remarks=tuple(_remarks(conversion, converted)),
        examinations=[_examination(version, conversion, converted, compared)],
    )


def _compared_weights(converted: Converted) -> _Compared:
    """Hold weights alone against those before, byte by byte. Raises Refused where any differs."""
    if found := differing_weights(converted.path, converted.tensors):
        raise _differs("the weights differ", found)
    count = len(converted.tensors)
    return _Compared({"compared_tensors": count}, (f"{count:,} of {count:,} tensors have the same bytes",))


def _compared_outputs(
    artifact: Path,
    converted: Converted,
    conversion: Conversion,
    signature: Mapping[str, Any],
    sample: tuple[Rows, dict[str, str]],
    settings: PackagingSettings,
) -> _Compared:
    """Run both on the rows and compare. Raises Refused where they differ by more than the tolerance."""
    rows, data = sample
    how = replace(settings.run, repeats=0)
    before = run_artifact(artifact, conversion.source, signature, rows, how)
    after = run_artifact(
        converted.path,
        conversion.target,
        converted.signature or signature,
        rows,
        replace(how, trusted_types=[*how.trusted_types, *converted.trusted_types]),
    )
    comparison = compare_outputs(before.outputs, after.outputs, settings.tolerance, converted.counterparts)
    if not comparison.passed:
        near = settings.tolerance
        raise _differs(
            "what was converted differs on the sample",
            [str(one) for one in comparison.outputs if not one.passed],
            f"Numbers agree when |after - before| <= {near:g} + {near:g} * |before|: see --tolerance.",
        )
    return _Compared(
        {"rows": len(rows.cells), **comparison.metrics()},
        tuple(str(one) for one in comparison.outputs),
        comparison.new,
        data,
    )


def _differs(what: str, found: Sequence[str], hint: str = "") -> Refused:
    more = [f"and {len(found) - _MOST_SHOWN} more"] if len(found) > _MOST_SHOWN else []
    return Refused(
        f"{what}: {'; '.join([*found[:_MOST_SHOWN], *more])}", hint=f"Nothing was proposed. {hint}".rstrip()
    )


def _carried_files(version: ModelVersion) -> dict[str, bytes]:
    """Return the version's sample and the file of its environment, by their names, as far as it has them."""
    named = version.manifest.environment.get("requirements")
    names = [SAMPLE, *([named] if named in layout.ENVIRONMENT_FILES else [])]
    directory = layout.version_directory(version.model.name, version.version)
    found = version.model.registry.snapshot.read_many([f"{directory}/{name}" for name in names])
    return {name: data for name, data in zip(names, found, strict=True) if data is not None}


def _facts(version: ModelVersion, conversion: Conversion, converted: Converted) -> dict[str, Any]:
    """Return the facts of a derived version: the parent's, as they stand, and those that are its own."""
    path = layout.manifest_path(version.model.name, version.version)
    (data,) = version.model.registry.snapshot.read_many([path])
    if data is None:
        raise NotFound(f"{path} does not exist", hint="Run `rollbook check --all`.")
    carried = {name: value for name, value in load(data, path).items() if name not in _NOT_CARRIED}
    if lineage := {
        name: value for name, value in (carried.get("lineage") or {}).items() if name != "parents"
    }:
        carried["lineage"] = lineage
    else:
        carried.pop("lineage", None)
    if converted.signature is not None:
        carried["signature"] = dict(converted.signature)
    tool = _tool(conversion, converted)
    described = f"Converted from {conversion.source} of {version} to {conversion.target} by {tool}."
    if carried.get("metrics"):
        described += f" The metrics were measured on {version}."
    for note in converted.notes:
        described += f" It was {note}."
    if not conversion.is_runnable:
        described += " It holds weights alone, and can't be run by itself."
    return {**carried, "description": described}


def _tool(conversion: Conversion, converted: Converted) -> str:
    return f"{conversion.converter} {converted.versions.get(conversion.converter, '')}".rstrip()


def _remarks(conversion: Conversion, converted: Converted) -> list[str]:
    remarks = [f"it was {note}" for note in converted.notes]
    if converted.trusted_types:
        names = ", ".join(converted.trusted_types[:_MOST_SHOWN])
        remarks.append(printable(f"whoever loads it has to trust the types {names}"))
    if not conversion.is_runnable:
        remarks.append("it holds weights alone, and can't be run by itself")
    return remarks


def _examination(
    version: ModelVersion, conversion: Conversion, converted: Converted, compared: _Compared
) -> Examination:
    said = [f"{conversion.source} of {version} to {conversion.target} by {_tool(conversion, converted)}"]
    said += converted.notes
    if "rows" in compared.metrics:
        said.append(f"{compared.metrics['rows']:g} rows")
    said += compared.sentences
    if compared.new:
        said.append(f"not compared, as they are new: {', '.join(compared.new[:_MOST_SHOWN])}")
    return Examination(
        kind="conversion",
        passed=True,
        summary=one_line("; ".join(said), _LONGEST_SUMMARY),
        metrics=compared.metrics,
        data=compared.data,
        tool={"name": TOOL, "version": __version__},
        extra={
            "parent": str(version),
            "parent_sha256": version.artifact.sha256,
            "source_format": conversion.source,
            "target_format": conversion.target,
            "isolation": converted.isolation,
            "versions": dict(converted.versions),
            **({"trusted_types": [*converted.trusted_types]} if converted.trusted_types else {}),
        },
    )
