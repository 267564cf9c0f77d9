"""Planning a takeover from GTO: which models, versions and stages there will be, and what stands in the way.

Nothing is read but tags and small files; nothing is written. GTO lets a version stand in many stages, and
many versions in one; here a version gets one of them.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from rollbook.errors import BadCall, NotFound, Refused, nearest
from rollbook.git.shallow import is_shallow
from rollbook.names import is_model_name, is_version, precedence, time_now, time_seconds
from rollbook.records.origin import DEPRECATED, DEREGISTERED, Origin
from rollbook.registry.main_branch import main_commit
from rollbook.registry.model_folders import model_names
from rollbook.registry.registry import Registry
from rollbook.snapshot.tree_snapshot import commit_snapshot
from rollbook.trail.gto_tags import read_artifacts, renamed
from rollbook.transfer.gto.gto_artifacts import Annotation, InGit, annotation, inner_path, locate
from rollbook.transfer.gto.gto_plan import Plan, PlannedModel, PlannedVersion, TakeoverRequest
from rollbook.transfer.gto.placings import placings
from rollbook.transfer.gto.suggestions import model_name_like, stage_like, version_like
from rollbook.transfer.takeover_notes import Note

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rollbook.git.repository import Repository
    from rollbook.records.origin import OldTag
    from rollbook.records.policy import Policy
    from rollbook.snapshot.tree_snapshot import TreeSnapshot
    from rollbook.trail.gto_tags import GtoArtifact
    from rollbook.transfer.gto.gto_artifacts import InDvc
    from rollbook.transfer.gto.gto_payloads import Sources

_MOST_TAGS = 10_000
_SKEW = 24 * 60 * 60  # seconds that a clock may be ahead


def plan_takeover(repository: Repository, sources: Sources, wanted: TakeoverRequest) -> Plan:
    """Plan to take over every artifact that GTO's tags name, or those that are asked for. No bytes are read.

    Raises Refused in a shallow clone and where there is nothing to take over, NotFound for an artifact that
    is asked for by name and isn't there, BadCall for a mapping that can't be right.
    """
    if is_shallow(repository):
        raise Refused(
            "this clone is shallow: tags stand on commits that are not here",
            hint="Run `git fetch --unshallow --tags`.",
        )
    base = main_commit(repository)
    with Registry(repository, commit_snapshot(repository, base)) as registry:
        policy = registry.policy
        registered = frozenset(model_names(registry.snapshot))
    artifacts = read_artifacts(repository)
    _require_sense(wanted, artifacts, policy)
    main = commit_snapshot(repository, base)
    planning = _Planning(main, sources, policy, registered, wanted)
    try:
        for artifact in artifacts:
            if not wanted.models or artifact.name in wanted.models:
                planning.add(artifact)
    finally:
        main.close()
    planning.note_stages()
    if not planning.models and not planning.problems:
        reasons = "; ".join(f"{note.what}: {note.why}" for note in planning.skipped[:3])
        raise Refused(
            "there is nothing to take over" + (f": {reasons}" if reasons else ""),
            hint="" if reasons else "GTO's tags are read from this clone: git fetch --tags.",
        )
    planning.refuse_twins()
    return Plan(base, policy, tuple(planning.models), tuple(planning.skipped), tuple(planning.problems))


def _require_sense(wanted: TakeoverRequest, artifacts: Sequence[GtoArtifact], policy: Policy) -> None:
    there = [artifact.name for artifact in artifacts]
    named = (name.partition("@")[0] for name in wanted.names)
    for name in (*wanted.models, *named, *wanted.paths):
        if name not in there:
            raise NotFound(f"no tag of GTO's names an artifact {name[:120]!r}", hint=nearest(name, there))
    for stage in wanted.stages.values():
        policy.stage(stage)
    for old, new in wanted.names.items():
        if not (is_version(new) if "@" in old else is_model_name(new)):
            what = "version" if "@" in old else "model"
            raise BadCall(f"--rename {old}={new}: {new[:80]!r} is no name of a {what} here")


class _Planning:
    """A plan in the making."""

    def __init__(
        self,
        main: TreeSnapshot,
        sources: Sources,
        policy: Policy,
        registered: frozenset[str],
        wanted: TakeoverRequest,
    ) -> None:
        self._main = main
        self._bytes = sources
        self._policy = policy
        self._known = registered
        self._wanted = wanted
        self.models: list[PlannedModel] = []
        self.skipped: list[Note] = []
        self.problems: list[Note] = []
        self._stages: dict[str, list[str]] = {}

    def add(self, artifact: GtoArtifact) -> None:
        """Plan one artifact, or note why not."""
        name = self._wanted.names.get(artifact.name, artifact.name)
        left_out = self._left_out(artifact, name)
        if left_out is not None:
            self.skipped.append(left_out)
            return
        self.skipped += [Note(tag, why) for tag, why in artifact.unread]
        problems = list(self._problems(artifact, name))
        unmapped = list(self._unmapped(artifact))
        self.problems += problems
        for stage in unmapped:
            self._stages.setdefault(stage, []).append(artifact.name)
        origin = self._origin(artifact)
        if problems or unmapped:
            list(self._sources(artifact, origin))  # all that has to be decided is told at once
            return
        self.skipped += [
            Note(f"{artifact.name}@{tag.version}", f"it was deregistered on {tag.at[:10]}")
            for tag in artifact.tags
            if tag.action == DEREGISTERED and tag.version not in origin.registrations
        ]
        sources = dict(self._sources(artifact, origin))
        placed = placings(origin, sources, self._policy)
        versions = tuple(
            PlannedVersion(version, origin.registrations[version], *sources[version], placed[version])
            for version in sorted(sources, key=precedence)
        )
        if versions:
            self.models.append(PlannedModel(name, self._with_paths(origin, versions), versions))

    def refuse_twins(self) -> None:
        """Note the models that two artifacts would become."""
        seen: dict[str, PlannedModel] = {}
        for model in self.models:
            folded = model.name.casefold()
            if folded in seen:
                why = f"{seen[folded].origin.name} and {model.origin.name} would be one model"
                rename = ("--rename", f"{model.origin.name}=NAME")
                self.problems.append(Note(model.name, why, f"Rename one: {' '.join(rename)}", rename))
            seen[folded] = model

    def _left_out(self, artifact: GtoArtifact, name: str) -> Note | None:
        if name in self._known:
            return Note(artifact.name, f"the registry has a model {name} already")
        if not Origin("gto", artifact.name, {}, artifact.tags).registrations:
            return Note(artifact.name, "no version of it is registered")
        newest = artifact.tags[-1]
        if newest.action == DEPRECATED and artifact.name not in self._wanted.models:
            why = f"it was deprecated on {newest.at[:10]}"
            return Note(artifact.name, why, f"Take it over by its name: --model {artifact.name}")
        return None

    def _problems(self, artifact: GtoArtifact, name: str) -> Iterator[Note]:
        """Yield what has to be decided, or put right, before the artifact can be planned."""
        if not is_model_name(name):
            rename = ("--rename", f"{artifact.name}={model_name_like(name)}")
            yield Note(
                artifact.name,
                "a model can't have this name here",
                f"Give it another: {' '.join(rename)}",
                rename,
            )
        latest = time_seconds(time_now()) + _SKEW
        for tag in artifact.tags:
            if time_seconds(tag.at) > latest:
                yield Note(tag.tag, f"it is dated in the future: {tag.at}", "Find out who made it.")
        if len(artifact.tags) > _MOST_TAGS:
            yield Note(artifact.name, f"it has more than {_MOST_TAGS:,} tags")
        origin = self._origin(artifact)
        for version in origin.registrations:
            if not is_version(version):
                old = self._old_version(artifact, origin.registrations[version])
                rename = ("--rename", f"{artifact.name}@{old}={version_like(old)}")
                hint = f"Give it another: {' '.join(rename)}"
                yield Note(f"{artifact.name}@{old}", "a version can't have this name here", hint, rename)
        if len(
            names := [self._new_version(artifact, tag.version) for tag in self._registered(artifact)]
        ) > len(set(names)):
            yield Note(artifact.name, "two versions would have one name", "Correct --rename.")

    def _unmapped(self, artifact: GtoArtifact) -> Iterator[str]:
        """GTO's stages that versions stand in, and that the policy has not."""
        origin = self._origin(artifact)
        standing = (stage for version in origin.registrations for stage in origin.active_stages(version))
        for stage in dict.fromkeys(standing):
            if not self._policy.has_stage(self._stage(stage)):
                yield stage

    def note_stages(self) -> None:
        """Note each stage that has to be mapped, once for all artifacts."""
        known = [stage.name for stage in self._policy.stages]
        for stage, names in self._stages.items():
            mapping = ("--stage", f"{stage}={stage_like(stage, known)}")
            hint = f"Map it: {' '.join(mapping)}; the policy has {', '.join(known)}"
            others = f", which versions of {len(names) - 1} more models stand in" if names[1:] else ""
            why = f"the policy has no such stage{others}"
            self.problems.append(Note(f"{names[0]}#{stage}", why, hint, mapping))

    def _registered(self, artifact: GtoArtifact) -> list[OldTag]:
        return [*Origin("gto", artifact.name, {}, artifact.tags).registrations.values()]

    def _old_version(self, artifact: GtoArtifact, tag: OldTag) -> str:
        return next(old.version for old in artifact.tags if old.tag == tag.tag)

    def _new_version(self, artifact: GtoArtifact, version: str) -> str:
        return self._wanted.names.get(f"{artifact.name}@{version}", version)

    def _stage(self, old: str) -> str:
        return self._wanted.stages.get(old, old)

    def _origin(self, artifact: GtoArtifact) -> Origin:
        versions = dict.fromkeys(tag.version for tag in artifact.tags if tag.version)
        names = {version: self._new_version(artifact, version) for version in versions}
        tags = tuple(renamed(artifact.tags, names))
        stages = dict.fromkeys(tag.stage for tag in tags if tag.stage)
        mapped = {stage: self._stage(stage) for stage in stages if self._policy.has_stage(self._stage(stage))}
        return Origin("gto", artifact.name, mapped, tags)

    def _sources(
        self, artifact: GtoArtifact, origin: Origin
    ) -> Iterator[tuple[str, tuple[InGit | InDvc, Annotation]]]:
        """For each version, where its bytes are and what is said of it; problems are noted."""
        for version, tag in origin.registrations.items():
            try:
                yield version, self._source(artifact, tag)
            except NotFound as error:
                what = f"{artifact.name}@{version}"
                if self._wanted.skip_missing:
                    self.skipped.append(Note(what, str(error)))
                else:
                    hint = error.hint or "Leave it out: --skip-missing"
                    path = ("--path", f"{artifact.name}=PATH") if "--path" in hint else ("--skip-missing",)
                    self.problems.append(Note(what, str(error), hint, path))

    def _source(self, artifact: GtoArtifact, tag: OldTag) -> tuple[InGit | InDvc, Annotation]:
        without = self._wanted.without.get(f"{artifact.name}@{tag.version}")
        if without is not None:
            raise NotFound(without)
        snapshot = self._main.at(tag.commit)
        if snapshot.commit_id() is None:
            raise NotFound(f"there is no commit {tag.commit[:12]}")
        told = self._wanted.paths.get(artifact.name)
        entry = _annotated(snapshot, artifact.name, must_be_readable=told is None)
        if not entry.path and told is None:
            raise NotFound(
                "no dvc.yaml or artifacts.yaml of its commit says where its bytes are",
                hint=f"Say it: --path {artifact.name}=PATH",
            )
        entry = replace(entry, path=entry.path or inner_path(told or ""))
        source = locate(snapshot, entry.path)
        self._bytes.require(source)
        return source, entry

    @staticmethod
    def _with_paths(origin: Origin, versions: Sequence[PlannedVersion]) -> Origin:
        paths = {version.tag.tag: version.annotation.path for version in versions}
        return replace(origin, tags=tuple(replace(tag, path=paths.get(tag.tag, "")) for tag in origin.tags))


def _annotated(snapshot: TreeSnapshot, artifact: str, *, must_be_readable: bool) -> Annotation:
    try:
        return annotation(snapshot, artifact)
    except NotFound:
        if must_be_readable:
            raise
        return Annotation()
