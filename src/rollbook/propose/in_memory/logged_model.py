"""Registering an object in memory: it is written, described by what the session knows of it, tried, and
proposed."""

from __future__ import annotations

import json
import platform
import tempfile
from dataclasses import dataclass, fields, replace
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from rollbook.artifact.progress import quiet
from rollbook.artifact.running.model_child.loaders import LOADERS
from rollbook.artifact.running.model_run import RUNNABLE
from rollbook.artifact.running.version_run import RunSettings
from rollbook.errors import BadCall, RollbookError
from rollbook.layout import REQUIREMENTS_TXT
from rollbook.names import require_model_name
from rollbook.propose.facts_files import params_of
from rollbook.propose.in_memory.asked_outputs import asked_outputs, output_columns
from rollbook.propose.in_memory.model_parts import algorithm, libraries
from rollbook.propose.in_memory.sample_table import sample_table
from rollbook.propose.in_memory.session_environment import session_environment, version_of
from rollbook.propose.in_memory.session_origin import session_origin, uncommitted
from rollbook.propose.in_memory.writers import choose_writer
from rollbook.propose.in_memory.written_model import WritingRequest
from rollbook.propose.landing import land
from rollbook.propose.manifest_facts import merged, sha256
from rollbook.propose.registration import ProposedVersion, register
from rollbook.propose.smoke_test import SAMPLE, SmokeTestSettings
from rollbook.propose.told_registration import told_registration
from rollbook.text import printable

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from rollbook.artifact.progress import Progress
    from rollbook.git.repository import Repository
    from rollbook.propose.in_memory.sample_table import SampleTable
    from rollbook.propose.in_memory.session_environment import SessionEnvironment
    from rollbook.propose.in_memory.writers import ChosenWriter
    from rollbook.propose.in_memory.written_model import WrittenModel
    from rollbook.propose.landing import Landing
    from rollbook.propose.registration_request import Registration
    from rollbook.propose.told_facts import FactsBesideSample, PathLike, ToldFacts

# How near to zero two numbers count as the same: sums of 32 bits come out in another order each time.
_NEAR_ZERO = 1e-6
_NOT_RUN = "it was not run"
_NOT_WRITTEN = Path("model")  # stands for the artifact until it is written


@dataclass(frozen=True, slots=True)
class ObjectRegistration:
    """What is told of an object in memory besides its facts: see `Registry.log_model`, which takes these."""

    model: str
    sample_input: Any = None
    version: str | None = None
    bump: str | None = None
    comment: str | None = None
    dependencies: Sequence[str] = ()
    format: str | None = None
    flavor: str | None = None
    trusted_types: Sequence[str] = ()
    parents: Sequence[str] = ()
    code: PathLike | Sequence[PathLike] | None = None
    test: bool = True
    land: bool = False


@dataclass(frozen=True, slots=True)
class LoggedVersion(ProposedVersion):
    """A version that was proposed from an object in memory; `landing` says how it landed, None for one that
    waits as a branch."""

    landing: Landing | None = None

    def _repr_html_(self) -> str:
        if self.landing is None:
            return ProposedVersion._repr_html_(self)
        from rollbook.insight.display import display

        return display(f"Registered: {self.model}@{self.version}", self.landing._repr_html_())


@dataclass(frozen=True, slots=True)
class _Described:
    """What was written and what is known of it: the sample as far as it is kept, what the object gave for
    it."""

    chosen: ChosenWriter
    written: WrittenModel
    environment: SessionEnvironment
    sample: SampleTable | None
    outputs: Sequence[Mapping[str, Any]]


def log_model(
    repository: Repository,
    model: Any,
    wanted: ObjectRegistration,
    facts: FactsBesideSample,
    progress: Progress = quiet,
) -> LoggedVersion:
    """Write an object as an artifact, run that on the sample, hold what comes out against what the object
    gives, propose it as a version, and land it where that is wanted.

    Raises Refused for an object that no safe format is known for, or a file that fails its test, BadCall for
    rows that the object does not take, a library that is missing and an object that can't be written, and as
    `register` and `land` do. What was written on the way is gone in each case; what can't land is proposed.
    """
    chosen = choose_writer(model, wanted.format, wanted.flavor)
    told = _told(repository, wanted, facts)
    with tempfile.TemporaryDirectory(prefix="rollbook-") as folder:
        described = _written(model, chosen, wanted, Path(folder))
        request = _registration(told, model, described)
        proposed = register(repository, _tested(request, described, wanted, Path(folder)), progress)
    result = {field.name: getattr(proposed, field.name) for field in fields(proposed)}
    return LoggedVersion(**result, landing=land(repository, proposed.branch) if wanted.land else None)


def _told(repository: Repository, wanted: ObjectRegistration, facts: FactsBesideSample) -> Registration:
    """Return the registration as far as it is told, before anything is written. Raises BadCall."""
    told = cast("ToldFacts", {**facts})
    if wanted.comment is not None:
        told["description"] = wanted.comment
    told["metrics"] = _plain(facts.get("metrics") or {})
    told["params"] = _plain(facts.get("params") or {})
    request = told_registration(
        repository,
        require_model_name(wanted.model),
        _NOT_WRITTEN,
        told,
        version=wanted.version,
        bump=wanted.bump,
        code=wanted.code,
    )
    return replace(request, parents=wanted.parents)


def _written(model: Any, chosen: ChosenWriter, wanted: ObjectRegistration, folder: Path) -> _Described:
    sample = None if wanted.sample_input is None else sample_table(wanted.sample_input)
    modules = [*libraries(model), *chosen.loaded_by]
    environment = session_environment(modules, wanted.dependencies)
    request = WritingRequest(
        format=chosen.format,
        folder=folder,
        trusted_types=wanted.trusted_types,
        sample=sample,
        requirements=environment.requirements,
        flavor=wanted.flavor or "",
    )
    try:
        written = chosen.writer(model, request)
    except RollbookError:
        raise
    except Exception as error:
        said = printable(" ".join(f"{type(error).__name__}: {error}".split())[:300])
        hint = "See that it is trained; or write it to a file yourself, and register that."
        raise BadCall(f"the model can't be written as {chosen.format}: {said}", hint=hint) from error
    outputs: Sequence[Mapping[str, Any]] = ()
    if sample is not None and written.ask is not None:
        outputs, sample = asked_outputs(written.ask, sample)
    return _Described(chosen, written, environment, sample, outputs)


def _registration(request: Registration, model: Any, described: _Described) -> Registration:
    """Return what is told with what is known of the object, over which it wins."""
    manifest, attachments = dict(request.facts), dict(request.attachments)
    remarks = [*request.remarks, *described.written.remarks, *_describe(model, described, manifest)]
    if described.sample is not None:
        attachments[SAMPLE] = described.sample.kept()
    if "requirements" not in manifest["environment"] and described.environment.requirements:
        attachments[REQUIREMENTS_TXT] = text = described.environment.text
        manifest["environment"] |= {"requirements": REQUIREMENTS_TXT, "sha256": sha256(text)}
        remarks += described.environment.remarks
    remarks += filter(None, (uncommitted(directory) for _, directory in request.code))
    return replace(
        request,
        artifact=described.written.path,
        facts=manifest,
        attachments=attachments,
        remarks=tuple(remarks),
    )


def _describe(model: Any, described: _Described, fields: dict[str, Any]) -> list[str]:
    """Put into a manifest's fields what is known and was not told; return what has to be said of it."""
    remarks = []
    chosen = described.chosen
    if chosen.framework:
        version = version_of(chosen.library)
        fields.setdefault(
            "framework", {"name": chosen.framework, **({"version": version} if version else {})}
        )
        name, settings = algorithm(model)
        fields.setdefault("algorithm", name)
        params, left_out = params_of(_plain(settings), Path("hyperparameters"))
        if params or left_out:
            fields["hyperparameters"] = {**params, **merged("", fields.get("hyperparameters"), [])}
            remarks += [left_out] if left_out else []
    fields["environment"] = {
        "python": platform.python_version(), **merged("environment", fields.get("environment"), [])
    }  # fmt: skip
    if halves := _signature(described):
        fields["signature"] = {**halves, **merged("signature", fields.get("signature"), [])}
    if origin := session_origin():
        fields["extra"] = {origin.kind: origin.path, **merged("extra", fields.get("extra"), [])}
        remarks += [origin.remark] if origin.remark else []
    return remarks


def _signature(described: _Described) -> dict[str, Any]:
    """Return the halves of the signature that the sample tells, but for what the file names itself."""
    if described.sample is None:
        return {}
    halves: dict[str, Any] = {
        "inputs": [*described.sample.inputs],
        "outputs": output_columns(described.outputs),
    }
    if described.chosen.format == "onnx":
        del halves["outputs"]
        if described.sample.names is None:
            del halves["inputs"]
    return {name: columns for name, columns in halves.items() if columns}


def _tested(
    request: Registration, described: _Described, wanted: ObjectRegistration, folder: Path
) -> Registration:
    """Return the registration with how it is tested, or with a remark on why it isn't."""
    if why := _not_runnable(described, wanted):
        return replace(request, remarks=(*request.remarks, f"{_NOT_RUN}: {why}")) if wanted.test else request
    expect = folder / "expected.json"
    try:
        content = {one["name"]: one["values"] for one in described.outputs}
        expect.write_text(json.dumps(content, allow_nan=False), encoding="utf-8")
        is_expected = bool(content)
    except ValueError:  # what is not finite fails the test as it is
        is_expected = False
    run = RunSettings(trust=described.written.needs_trust, trusted_types=[*described.written.trusted_types])
    settings = SmokeTestSettings(
        expect=expect if is_expected else None, absolute_tolerance=_NEAR_ZERO, run=run
    )
    return replace(request, test=settings)


def _not_runnable(described: _Described, wanted: ObjectRegistration) -> str:
    """Return why what was written is not run here; empty where it is."""
    form = described.chosen.format
    if not wanted.test:
        return "as you asked"
    if described.sample is None:
        return "there is no sample_input"
    if form not in RUNNABLE:
        return f"nothing here runs the format {form}"
    _, _, library = LOADERS[form]
    if library and find_spec(library) is None:
        extra = RUNNABLE[form]
        return f"{library} is not installed: pip install {f'rollbook[{extra}]' if extra else library}"
    return ""


def _plain(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return values by name with NumPy's numbers and arrays as Python's."""
    return {name: value.tolist() if hasattr(value, "tolist") else value for name, value in settings.items()}
