"""Planning a takeover from MLflow: which models, versions, stages and aliases there will be, and what stands
in the way. Of the bytes, only the small `MLmodel` of each version is read; nothing is written."""

from __future__ import annotations

import shlex
import tempfile
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

from rollbook.artifact.progress import begin, quiet
from rollbook.errors import BadCall, NotFound, Refused
from rollbook.names import is_model_name, time_now, time_seconds
from rollbook.registry.main_branch import main_commit
from rollbook.registry.model_folders import model_names
from rollbook.registry.registry import Registry
from rollbook.snapshot.tree_snapshot import commit_snapshot
from rollbook.transfer.mlflow.mlflow_placings import crowded, misnamed_aliases, placed, unmapped
from rollbook.transfer.mlflow.mlflow_plan import MlflowPlan, PlannedMlflowModel, PlannedMlflowVersion
from rollbook.transfer.mlflow.model_names import folder_name
from rollbook.transfer.mlflow.source_artifacts import SourceArtifacts
from rollbook.transfer.mlflow.source_reading import told, wanted_names
from rollbook.transfer.mlflow.stage_names import NONE
from rollbook.transfer.mlflow.version_order import semantic_versions, signature_in
from rollbook.transfer.takeover_notes import Note

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from typing import Any

    from rollbook.artifact.progress import Progress
    from rollbook.git.repository import Repository
    from rollbook.records.policy import Policy
    from rollbook.transfer.mlflow.mlflow_plan import MlflowPlacing, MlflowRequest
    from rollbook.transfer.mlflow.source_models import SourceModel, SourceVersion
    from rollbook.transfer.mlflow.source_reading import MlflowSource

_NAMED = 10


def plan_takeover(
    repository: Repository, source: MlflowSource, wanted: MlflowRequest, progress: Progress = quiet
) -> MlflowPlan:
    """Plan to take over every model of MLflow's, or those that are asked for.

    Raises Refused where there is nothing to take over, NotFound for a model or a version that is asked for by
    name and isn't there, BadCall for a mapping that can't be right.
    """
    base = main_commit(repository)
    with Registry(repository, commit_snapshot(repository, base)) as registry:
        registry.require()
        policy = registry.policy
        registered = frozenset(model_names(registry.snapshot))
    with told(source.address):
        known, prompts = source.model_names()
    names = wanted_names(wanted.models, known)
    _require_sense(wanted, known, policy)
    begin(progress, "reading models", len(names))
    with tempfile.TemporaryDirectory(prefix="rollbook-mlflow-") as scratch:
        planning = _Planning(
            policy, registered, wanted, SourceArtifacts(source.uri, source.home), Path(scratch)
        )
        for model in source.models(names):
            planning.add(model)
            progress(1)
    planning.refuse_unknown_skips()
    planning.refuse_twins()
    if not wanted.models:
        why = "it is a prompt, not a model: prompts stay in MLflow"
        planning.skipped += [Note(name, why) for name in prompts]
    if not planning.models and not planning.problems:
        reasons = "; ".join(f"{note.what}: {note.why}" for note in planning.skipped[:3])
        raise Refused("there is nothing to take over" + (f": {reasons}" if reasons else ""))
    skipped, problems = tuple(planning.skipped), tuple(planning.problems)
    return MlflowPlan(base, source.address, policy, tuple(planning.models), skipped, problems)


def _require_sense(wanted: MlflowRequest, known: Sequence[str], policy: Policy) -> None:
    wanted_names(wanted.names, known)
    for stage in wanted.stages.values():
        policy.stage(stage)
    for old, new in wanted.names.items():
        if not is_model_name(new):
            raise BadCall(f"--rename {old}={new}: {new[:80]!r} is no name of a model here")


class _Planning:
    """A plan in the making."""

    def __init__(
        self,
        policy: Policy,
        registered: frozenset[str],
        wanted: MlflowRequest,
        artifacts: SourceArtifacts,
        scratch: Path,
    ) -> None:
        self._policy = policy
        self._known = registered
        self._wanted = wanted
        self._artifacts = artifacts
        self._scratch = scratch
        self._left = set(wanted.skip)
        self.models: list[PlannedMlflowModel] = []
        self.skipped: list[Note] = []
        self.problems: list[Note] = []

    def add(self, model: SourceModel) -> None:
        """Plan one model, or note why not."""
        try:
            name = self._wanted.names.get(model.name) or folder_name(model.name)
        except BadCall as error:
            rename = ("--rename", f"{model.name}=NAME")
            self.problems.append(Note(model.name, str(error), f"Give it another: {' '.join(rename)}", rename))
            return
        if name in self._known:
            self._left -= {_reference(model, version) for version in model.versions}
            self.skipped.append(Note(model.name, f"the registry has a model {name} already"))
            return
        problems = [
            *unmapped(model, self._policy, self._wanted),
            *misnamed_aliases(model, self._policy, self._wanted),
        ]
        markers = self._markers(model)
        versions = [version for version in model.versions if version.number in markers]
        if not problems:
            problems += crowded(model, versions, self._policy, self._wanted)
        self.problems += problems
        if problems:
            return
        if versions or not model.versions:
            self.models.append(self._planned(name, model, versions, markers))
        else:
            self.skipped.append(Note(model.name, "none of its versions can be taken over"))

    def refuse_unknown_skips(self) -> None:
        """Raise NotFound for a version that shall be left out, and isn't there."""
        if self._left:
            name = min(self._left)
            raise NotFound(f"--skip {name[:120]}: MLflow has no such version", hint="Write it NAME@NUMBER.")

    def refuse_twins(self) -> None:
        """Note the models that two of MLflow's would become."""
        seen: dict[str, PlannedMlflowModel] = {}
        for model in self.models:
            folded = model.name.casefold()
            if folded in seen:
                rename = ("--rename", f"{model.source.name}=NAME")
                why = f"{seen[folded].source.name!r} and {model.source.name!r} would be one model"
                self.problems.append(Note(model.name, why, f"Rename one: {' '.join(rename)}", rename))
            seen.setdefault(folded, model)

    def _markers(self, model: SourceModel) -> dict[int, bytes]:
        """Return the `MLmodel` of each version that is taken over, by number; the others are noted."""
        found: dict[int, bytes] = {}
        for version in model.versions:
            what = _reference(model, version)
            if what in self._wanted.without:
                self.skipped.append(Note(what, self._wanted.without[what]))
            elif what in self._wanted.skip:
                self._left.discard(what)
                self.skipped.append(Note(what, "it was asked to be left out"))
            elif time_seconds(version.created_at) > time_seconds(time_now()):
                why = f"it is dated in the future: {version.created_at}"
                self.problems.append(to_skip(what, why))
            else:
                try:
                    found[version.number] = self._artifacts.marker(version, self._scratch)
                except NotFound as error:
                    self._lacking(what, error)
        return found

    def _lacking(self, what: str, error: NotFound) -> None:
        if self._wanted.skip_missing:
            self.skipped.append(Note(what, str(error)))
        else:
            self.problems.append(lacking(what, error))

    def _planned(
        self,
        name: str,
        model: SourceModel,
        versions: Sequence[SourceVersion],
        markers: Mapping[int, bytes],
    ) -> PlannedMlflowModel:
        signatures: dict[int, dict[str, Any]] = {
            version.number: signature_in(markers[version.number]) for version in versions
        }
        names, why_not = semantic_versions(versions, signatures)
        placings = placed(versions, self._policy, self._wanted)
        planned = tuple(
            PlannedMlflowVersion(here, version, placings[version.number], tuple(remarks))
            for place, (here, version) in enumerate(zip(names, versions, strict=True), 1)
            for remarks in [_remarks(version, placings[version.number], place)]
        )
        numbered = {version.source.number: version.version for version in planned}
        aliases = {}
        for alias, number in model.aliases.items():
            if number in numbered:
                aliases[self._wanted.aliases.get(alias, alias)] = numbered[number]
            else:
                self.skipped.append(Note(f"{model.name}@{alias}", f"its version {number} is left out"))
        stages = {
            version.source.stage: version.placing.displaced_from or version.placing.stage
            for version in planned
        }
        remarks = tuple(_model_remarks(name, model, planned, why_not))
        return PlannedMlflowModel(name, model, planned, stages, aliases, remarks)


def to_skip(what: str, why: str) -> Note:
    """Return the problem of a version that can't be taken over, and has to be left out by its name."""
    option = ("--skip", what)
    return Note(what, why, f"Leave it out: {shlex.join(option)}", option)


def lacking(what: str, error: NotFound) -> Note:
    """Return the problem of a version whose bytes can't be had."""
    hint = error.hint or "Leave out what can't be had"
    return Note(what, str(error), f"{hint}: --skip-missing", ("--skip-missing",))


def _reference(model: SourceModel, version: SourceVersion) -> str:
    return f"{model.name}@{version.number}"


def _remarks(version: SourceVersion, placing: MlflowPlacing, place: int) -> Iterator[str]:
    """Yield what is to be known of a version that is the model's nth here."""
    if placing.displaced_by:
        came = f"version {placing.displaced_by} holds {placing.displaced_from}"
        yield f"goes to {placing.stage}: {came}"
    if place != version.number:
        yield f"MLflow's number {version.number} becomes {place}"
    yield from version.gone
    if not version.user:
        yield "MLflow does not tell who made it"


def _model_remarks(
    name: str, model: SourceModel, versions: Sequence[PlannedMlflowVersion], why_not: str
) -> Iterator[str]:
    if name != model.name:
        yield f"MLflow calls it {model.name!r}"
    numbers = [0, *(version.source.number for version in versions)]
    gaps = [number for one, other in pairwise(numbers) for number in range(one + 1, other)]
    if gaps:
        more = f", and {len(gaps) - _NAMED} more" if len(gaps) > _NAMED else ""
        named = ", ".join(map(str, gaps[:_NAMED]))
        yield f"it has no version {named}{more}: deleted or left out; later ones get lower numbers"
    if why_not:
        yield f"no tag says what its versions are called: {why_not}"
    if any(version.source.stage != NONE for version in versions):
        yield "MLflow does not tell who put versions into stages, when, and why"
