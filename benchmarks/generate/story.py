"""What happens in a registry, in the order in which it lands on main."""

from __future__ import annotations

import hashlib
import random
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from benchmarks.generate.facts import VersionFacts, email, model_file, task_of, version_facts
from benchmarks.generate.plan import FIRST_MODEL
from benchmarks.generate.yaml_text import yaml_text
from rollbook import layout
from rollbook.names import time_text
from rollbook.propose.promotion import plan_moves, write_moves
from rollbook.records.stages import StageTable, stages_from
from rollbook.registry.change import transitions
from rollbook.schema.schemas import schema_line

if TYPE_CHECKING:
    from collections.abc import Iterator

    from benchmarks.generate.plan import ModelPlan, Plan
    from rollbook.records.policy import Policy
    from rollbook.registry.change import Transition

START = 1_609_459_200  # 2021-01-01T00:00:00Z
_SPAN = 183_000_000  # seconds: the last landing is in October 2026
_PROMOTED = 8  # of so many versions, one goes to production
_REASONS = (
    "Better by {gain} points on the holdout of {month}.",
    "The drift in {month} asks for it; see the monitoring report.",
    "Same quality at half the latency.",
    "Agreed in the model review of {month}.",
)


@dataclass(frozen=True, slots=True)
class Landing:
    """One change that lands on main: of one model, at a Unix time.

    `proposal` is the name of the branch that a merge brings in, empty where the change is pushed
    as it is. `registered` is a version that came with it, `moves` are the versions that changed their stages.
    """

    model: str
    author: str
    seconds: int
    subject: str
    body: str
    files: dict[str, bytes]
    proposal: str = ""
    registered: VersionFacts | None = None
    moves: tuple[Transition, ...] = ()


@dataclass(slots=True)
class _Life:
    """A model as far as it has come: its versions so far, and its stages as data and as a table."""

    plan: ModelPlan
    names: list[str]
    stages: dict[str, Any]
    table: StageTable


def landings(plan: Plan, policy: Policy, artifacts: dict[str, bytes]) -> Iterator[Landing]:
    """Everything that lands, oldest first. `artifacts` is filled with the bytes of the first model's
    artifacts by their MD5: they alone exist."""
    lives = [_Life(model, model.version_names(), {}, StageTable()) for model in plan.all_models]
    clock = START
    step = max(_SPAN // (plan.versions * 2), 60)
    story = _Story(plan, policy, lives, artifacts)
    for moment, number, place in plan.arrivals:
        clock = max(clock + 1, START + int(moment * _SPAN))
        for landing in story.chapter(lives[number], place, clock, step):
            clock = landing.seconds
            yield landing


class _Story:
    """The registrations, and what follows them; reads other models for their versions."""

    def __init__(self, plan: Plan, policy: Policy, lives: list[_Life], artifacts: dict[str, bytes]) -> None:
        self._seed = plan.seed
        self._policy = policy
        self._lives = lives
        self._artifacts = artifacts

    def chapter(self, life: _Life, place: int, seconds: int, step: int) -> Iterator[Landing]:
        """A version's registration, and the evidence, the notes and the stages that follow at once."""
        dice = random.Random(f"{self._seed}/{life.plan.name}/{place}")
        facts = self._facts(life, place, seconds, dice)
        yield self._registration(life, place, facts, seconds, dice)
        life_left = len(life.names) - 1 - place
        promoted = place % _PROMOTED == 0
        if promoted or dice.random() < 0.05:
            seconds += step
            yield self._evidence(life, facts, "evaluation", seconds, dice)
        if promoted and dice.random() < 0.3:
            seconds += step
            yield self._evidence(life, facts, "fairness", seconds, dice)
        if dice.random() < 0.05:
            seconds += step
            yield self._note(life, facts.version, seconds, dice)
        for stage in self._way(life, place, life_left, dice):
            seconds += step
            yield self._promotion(life, facts.version, stage, seconds, dice)

    def _way(self, life: _Life, place: int, left: int, dice: random.Random) -> list[str]:
        """The stages that a version goes through at once."""
        if place % _PROMOTED == 0:
            return ["staging", "canary", "production"] if dice.random() < 0.3 else ["staging", "production"]
        if left == 0 and life.plan.number % 3:
            return ["staging"]
        return ["archived"] if place % 16 == 7 else []

    def _facts(self, life: _Life, place: int, seconds: int, dice: random.Random) -> VersionFacts:
        version, model = life.names[place], life.plan
        parents = [f"{model.name}@{life.names[place - 1]}"] if place and dice.random() < 0.6 else []
        base = self._lives[model.number // 7]
        held = base.table.holders("production")
        if base is not life and held and dice.random() < 0.2:
            parents.append(f"{base.plan.name}@{held[0].version}")
        data = None
        if model.name == FIRST_MODEL:
            data = f"{model.name} {version} {self._seed}\n".encode() * 200
            self._artifacts[hashlib.md5(data, usedforsecurity=False).hexdigest()] = data
        return version_facts(model, version, seconds, parents, data, self._seed)

    def _registration(
        self, life: _Life, place: int, facts: VersionFacts, seconds: int, dice: random.Random
    ) -> Landing:
        model = life.plan.name
        files = dict(facts.files)
        if place == 0:
            path, content = model_file(life.plan)
            files[path] = content
        branch = f"rollbook/register/{model}/{facts.version}" if dice.random() < 0.6 else ""
        author = str(facts.manifest["created_by"])
        subject = f"Register {model}@{facts.version}"
        return Landing(model, author, seconds, subject, facts.description, files, branch, registered=facts)

    def _evidence(
        self, life: _Life, facts: VersionFacts, kind: str, seconds: int, dice: random.Random
    ) -> Landing:
        model, version, author = life.plan.name, facts.version, email(dice.randrange(10))
        path = f"{layout.evidence_directory(model, version)}/{kind}-1.yaml"
        month = time_text(seconds)[:7]
        if kind == "fairness":
            metrics = {"demographic_parity_difference": round(dice.random() * 0.08, 4)}
        else:
            metrics = {
                name: round(value + dice.random() * 0.01, 4)
                for name, value in facts.manifest["metrics"].items()
            }
        content = {
            "kind": kind,
            "model": model,
            "version": version,
            "artifact_sha256": facts.manifest["artifact"]["sha256"],
            "passed": True,
            "created_at": time_text(seconds - 120),
            "created_by": author,
            "summary": f"On the holdout of {month}.",
            "metrics": metrics,
            "data": {"name": "holdout", "version": month},
            "tool": {"name": "fairlearn" if kind == "fairness" else "evaluate", "version": "0.12.0"},
        }
        subject = f"Add evidence to {model}@{version}: {kind} passed"
        files = {path: yaml_text(content, schema_line("evidence", path))}
        return Landing(model, author, seconds, subject, str(content["summary"]), files)

    def _note(self, life: _Life, version: str, seconds: int, dice: random.Random) -> Landing:
        model = life.plan.name
        path = layout.notes_path(model, version)
        tags = {"reviewed": time_text(seconds)[:7], "reviewer": email(dice.randrange(10))}
        files = {path: yaml_text({"tags": tags}, schema_line("notes", path))}
        return Landing(model, email(dice.randrange(10)), seconds, f"Note on {model}@{version}", "", files)

    def _promotion(self, life: _Life, version: str, stage: str, seconds: int, dice: random.Random) -> Landing:
        model, author = life.plan.name, email(dice.randrange(10))
        task = task_of(life.plan)
        month = time_text(seconds)[:7]
        gain = f"{dice.randint(1, 30) / 10} {task.metrics[0][0]}"
        entry: dict[str, Any] = {
            "version": version,
            "reason": dice.choice(_REASONS).format(gain=gain, month=month),
            **({"traffic": 10} if stage == "canary" else {}),
            "requested_by": author,
            "requested_at": time_text(seconds - dice.randint(60, 600)),
        }
        before = life.table
        moves = plan_moves(self._policy, before, version, stage, entry)
        write_moves(self._policy, moves)(life.stages)
        if stage == "production" and life.plan.number % 4 == 0:
            life.stages["aliases"] = {"champion": version}
        path = layout.stages_path(model)
        life.table = stages_from(life.stages, path)
        files = {path: yaml_text(life.stages, schema_line("stages", path))}
        branch = f"rollbook/promote/{model}/{version}-{stage}" if dice.random() < 0.6 else ""
        moved = tuple(transitions(before, life.table, self._policy.first_stage.name))
        subject = f"Promote {model}@{version} to {stage}"
        return Landing(model, author, seconds, subject, str(entry["reason"]), files, branch, moves=moved)
