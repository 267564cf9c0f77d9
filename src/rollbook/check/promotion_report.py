"""What a promotion would meet, or a proposed one meets: its transition, then gate by gate."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rollbook import layout
from rollbook.check.authors import authored_commits
from rollbook.check.base_context import circumstances
from rollbook.check.contributors import contributors
from rollbook.check.document import read_documents
from rollbook.check.gate_context import Ground, own_gates
from rollbook.check.gate_judgement import JudgedGate, waivable
from rollbook.check.gates.gate import State, failed, passed
from rollbook.check.registry_files import Part, model_names, read_part
from rollbook.check.rules.transition_rules import entered_stages, is_displaced
from rollbook.check.scope import Paths
from rollbook.errors import InvalidFile, NotFound, Refused
from rollbook.git.merge import merge
from rollbook.git.repository import resolve_commit
from rollbook.layout import Kind
from rollbook.names import is_alias_target
from rollbook.records.policy import parse_policy
from rollbook.records.stages import StageTable
from rollbook.registry.change import Transition, alias_changes, changed_files, transitions
from rollbook.snapshot.tree_snapshot import TreeSnapshot

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from rollbook.access.roles import Person
    from rollbook.check.gates.gate import Circumstances
    from rollbook.check.registry_files import ModelFiles
    from rollbook.git.repository import Repository
    from rollbook.records.policy import Policy
    from rollbook.registry.model_version import ModelVersion

TRANSITION = "transition"


@dataclass(frozen=True, slots=True)
class GateReport:
    """A promotion and what every gate says of it; first of all, whether the policy has such a transition."""

    model: str
    version: str
    start: str
    target: str
    results: tuple[JudgedGate, ...]

    @property
    def met(self) -> bool:
        """Whether nothing fails and nothing waits."""
        return all(judged.verdict.passed for judged in self.results)

    @property
    def state(self) -> State:
        """The worst that any gate says."""
        states = {judged.verdict.state for judged in self.results}
        by_weight = (State.FAILED, State.WAITING, State.WAIVED)
        return next((state for state in by_weight if state in states), State.PASSED)

    def as_document(self) -> dict[str, Any]:
        """Return the report as JSON data."""
        return {
            "model": self.model,
            "version": self.version,
            "from": self.start,
            "to": self.target,
            "state": self.state.value,
            "gates": [
                {
                    "gate": judged.gate,
                    "code": judged.code,
                    "state": judged.verdict.state.value,
                    "figure": judged.verdict.figure,
                    "threshold": judged.verdict.threshold,
                    "hint": judged.verdict.hint,
                    "path": judged.path,
                    "key": judged.key,
                }
                for judged in self.results
            ],
        }


def move_report(
    repository: Repository, base: TreeSnapshot, version: ModelVersion, stage: str, *, may_run: bool = True
) -> GateReport:
    """Return what moving a version to `stage`, or giving it an alias (`@champion`), would meet now, by what
    the base holds; `may_run` lets gates run the programs that its policy names."""
    model, ground = _ground_today(repository, base, version, may_run=may_run)
    return _report(model, Transition(version.version, version.stage, stage, None), ground)


@dataclass(frozen=True, slots=True)
class GatesAhead:
    """What the versions of one model are judged by, read once for all of them."""

    model: ModelFiles
    ground: Ground

    @classmethod
    def of(cls, base: TreeSnapshot, policy: Policy, name: str, known: Circumstances) -> GatesAhead:
        """Return what a model's versions are judged by, by what the base holds and by circumstances that were
        found once for many models. Raises as `ground_of` does."""
        return cls(*ground_of(base, base, policy, name, known))

    def reports(self, version: ModelVersion) -> list[GateReport]:
        """Return what moving a version to each next stage would meet. Raises NotFound for a stage that the
        policy does not have."""
        return [
            _report(self.model, Transition(version.version, version.stage, stage, None), self.ground)
            for stage in self.ground.policy.stage(version.stage).next
        ]


def gates_to_waive(
    repository: Repository, base: TreeSnapshot, version: ModelVersion, stage: str
) -> tuple[str, ...]:
    """Return the gates that a rollback to a version sets aside: those that would not let it pass and that
    the policy waives. None where it is no rollback. The programs of gates are not run."""
    model, ground = _ground_today(repository, base, version)
    move = Transition(version.version, version.stage, stage, None)
    names = waivable(ground.policy, ground.promotion(model, move), ground.own)
    if not names:
        return ()
    results = ground.judge(model, move)
    unmet = (judged.gate for judged in results if not judged.verdict.passed)
    return tuple(dict.fromkeys(name for name in unmet if name in names))


def _ground_today(
    repository: Repository, base: TreeSnapshot, version: ModelVersion, *, may_run: bool = False
) -> tuple[ModelFiles, Ground]:
    known = circumstances(repository, base, may_run=may_run)
    return ground_of(base, base, version.model.registry.policy, version.model.name, known)


def proposed_gate_reports(
    repository: Repository,
    base: str,
    head: str,
    *,
    reviews: tuple[Person, ...] = (),
    may_run: bool = True,
    now: datetime | None = None,
) -> list[GateReport]:
    """Return what each promotion meets that merging the revision `head` into `base` would make, by model and
    version.

    For `reviews` and `may_run` see `check_merge`; `now` is the moment it is judged for. Raises NotFound for
    a revision that names no commit or a base without a policy, Refused when the two conflict, InvalidFile
    for a policy that can't be read.
    """
    tip, commit = resolve_commit(repository, base), resolve_commit(repository, head)
    merged = merge(repository, tip, commit)
    if merged.tree is None:
        raise Refused(
            f"{head} conflicts with {base} in {', '.join(merged.conflicts[:3])}",
            hint="Bring the branch up to date with its base.",
        )
    before = TreeSnapshot(repository, tip, tip, tip)
    after = TreeSnapshot(repository, merged.tree, "the merge")
    try:
        changes = changed_files(repository, before.treeish, after.treeish)
        names = sorted({change.place.model or "" for change in changes if change.place.kind is Kind.STAGES})
        if not names:
            return []
        policy = _policy(before)
        authors, hands = contributors(repository, authored_commits(repository, tip, commit))
        context = circumstances(
            repository, before, authors=authors, hands=hands, reviews=reviews, may_run=may_run, now=now
        )
        return [report for name in names for report in _reports_of(before, after, policy, name, context)]
    finally:
        before.close()
        after.close()


def _policy(base: TreeSnapshot) -> Policy:
    (data,) = base.read_many([layout.POLICY])
    if data is None:
        raise NotFound(f"{layout.POLICY} does not exist in the base", hint="Write it with `rollbook init`.")
    return parse_policy(data, layout.POLICY)


def _reports_of(
    before: TreeSnapshot, after: TreeSnapshot, policy: Policy, name: str, known: Circumstances
) -> Iterator[GateReport]:
    model, ground = ground_of(before, after, policy, name, known)
    if model.stages is None:
        raise InvalidFile(
            "can't be read", path=layout.stages_path(name), hint="Run `rollbook check` on the change."
        )
    moves = transitions(ground.standing, model.stages, policy.first_stage.name)
    entered = entered_stages(moves)
    for move in moves:
        if not is_displaced(move, entered, policy):
            yield _report(model, move, ground)
        elif results := ground.judge_displaced(model, move):
            yield GateReport(name, move.version, move.start, move.target, tuple(results))
    for move in alias_changes(ground.standing, model.stages, policy.first_stage.name):
        yield _report(model, move, ground)


def ground_of(
    before: TreeSnapshot, after: TreeSnapshot, policy: Policy, name: str, known: Circumstances
) -> tuple[ModelFiles, Ground]:
    """Return a model's files after the change, and what its promotions are judged on.

    Raises NotFound for a model that isn't there then, InvalidFile for one that can't be read before.
    """
    modes = after.modes_at([layout.POLICY, layout.model_directory(name)])
    part = Part(modes, model_names(modes), frozenset([name]), frozenset())
    model = read_part(after, part).models.get(name)
    if model is None:
        raise NotFound(f"there is no model {name!r} after the change")
    record, stages = layout.model_path(name), layout.stages_path(name)
    paths = Paths(before, modes if before is after else {})
    old = read_documents(before, {path: layout.place(path) for path in (record, stages) if path in paths})
    own = own_gates(old.get(record), model)
    standing = old[stages].record if stages in old else StageTable()
    if own is None or not isinstance(standing, StageTable):
        broken = record if own is None else stages
        raise InvalidFile(
            "can't be read in the base", path=broken, hint="Repair it on the main branch first."
        )
    return model, Ground(policy, own, standing, paths, Paths(after, modes), known)


def _report(model: ModelFiles, move: Transition, ground: Ground) -> GateReport:
    results = (_legality(model.name, move, ground), *ground.judge(model, move))
    return GateReport(model.name, move.version, move.start, move.target, results)


def _legality(model: str, move: Transition, ground: Ground) -> JudgedGate:
    """Whether the policy has such a transition, its place can be had, and the version has its artifact."""
    policy, target = ground.policy, move.target
    if move.stays:
        return JudgedGate(TRANSITION, "RB316", passed(f"stays in {target}: {move.differences}", "a change"))
    is_alias = is_alias_target(target)
    threshold = "an artifact" if is_alias else f"a transition of the policy into {target}"
    if layout.removal_path(model, move.version) in ground.after:
        hint = f"`rollbook show {model}@{move.version}` says when and why. Choose another version."
        return JudgedGate(TRANSITION, "RB310", failed("the artifact was removed", threshold, hint))
    if is_alias:
        return JudgedGate(TRANSITION, "RB303", passed(f"{move.start}, to {target}", threshold))
    try:
        policy.require_transition(move.version, move.start, target)
    except (Refused, NotFound) as error:
        return JudgedGate(TRANSITION, "RB303", failed(str(error), threshold, error.hint))
    stage = policy.stage(target)
    holders = [entry.version for entry in ground.standing.holders(target)] if stage.exclusive else []
    if holders and stage.displaced_to is None and move.entry is None:
        hint = f"Move it elsewhere first, or set {target}'s displaced_to."
        return JudgedGate(TRANSITION, "RB204", failed(f"{target} is held by {holders[0]}", threshold, hint))
    return JudgedGate(TRANSITION, "RB303", passed(f"{move.start} to {target}", threshold))
