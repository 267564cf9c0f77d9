"""`registry/policy.yaml`: the stages, their legal transitions, and the gates before them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from rollbook.errors import AlreadySo, InvalidFile, NotFound, Refused, did_you_mean
from rollbook.records.fields import Fields, read_fields
from rollbook.records.model_signers import ModelSigner, model_signers
from rollbook.records.retention import Retention, retention_from

if TYPE_CHECKING:
    from collections.abc import Mapping

FORMAT = 1
SUNSET_REMINDER = 14  # days
# Keys among the roles that are none.
REQUIRE_SIGNED, MODELS = "require_signed", "models"


@dataclass(frozen=True, slots=True)
class Stage:
    """A stage: whether one version at most may hold it, where its versions may go next, where the version
    goes that another one displaces (None where nothing is displaced), and the roles `by` which versions are
    moved into it and out of it (None: whoever may change stages)."""

    name: str
    exclusive: bool
    next: tuple[str, ...]
    displaced_to: str | None
    description: str
    by: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class ModelGrant:
    """Roles that are given for some models alone: those whose names `pattern` meets; see
    `names.meets_pattern`."""

    pattern: str
    roles: Mapping[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class MlflowCalls:
    """What becomes of what MLflow's clients write: `mode` is `land`, `propose`, or empty where the policy
    says nothing; a request is waited for `wait` seconds."""

    mode: str = ""
    wait: int = 0


@dataclass(frozen=True, slots=True)
class Policy:
    """A registry's rules. `gates` stand as in the file; each gate reads its own settings; so do
    `freezes`, and those to `notify`. `roles` name the members of each role, for all models; without any,
    everybody may do everything. A role that `grants` alone give stands among them, without members. With
    `dvc_artifacts`, dvc.yaml names each model's artifact. With `require_signed`, whoever makes a commit
    that changes the registry signs it. `main` is the branch that holds the registry's truth, `registry`
    what approvals call it, `default_alias` the alias that a model's name alone stands for; empty where it
    says nothing. `sunset_reminder` is how many days before a sunset the check of everything begins to warn
    of it. `model_signers` are those whose signature of a model, or of how it was made, counts. `monitoring`
    stands as in the file; see `records.monitoring`. `mlflow` is what becomes of what MLflow's clients
    write."""

    stages: tuple[Stage, ...]
    model_pattern: str = ""
    gates: tuple[Mapping[str, Any], ...] = ()
    roles: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    freezes: tuple[Mapping[str, Any], ...] = ()
    notify: tuple[Mapping[str, Any], ...] = ()
    retention: Retention = field(default_factory=Retention)
    dvc_artifacts: bool = False
    require_signed: bool = False
    main: str = ""
    registry: str = ""
    default_alias: str = ""
    sunset_reminder: int = SUNSET_REMINDER
    grants: tuple[ModelGrant, ...] = ()
    model_signers: tuple[ModelSigner, ...] = ()
    monitoring: Mapping[str, Any] = field(default_factory=dict)
    mlflow: MlflowCalls = field(default_factory=MlflowCalls)

    @property
    def first_stage(self) -> Stage:
        """Where a version stands that no stage names."""
        return self.stages[0]

    def has_stage(self, name: str) -> bool:
        return any(stage.name == name for stage in self.stages)

    def stage(self, name: str) -> Stage:
        """Return the stage of that name. Raises NotFound that lists those there are."""
        for stage in self.stages:
            if stage.name == name:
                return stage
        names = [stage.name for stage in self.stages]
        hint = f"{did_you_mean(name, names)} The policy's stages are: {', '.join(names)}."
        raise NotFound(f"there is no stage {name[:80]!r}", hint=hint.strip())

    def require_transition(self, version: str, start: str, target: str) -> None:
        """Raise Refused, with the legal ways, when no transition leads from `start` to `target`."""
        if start == target:
            raise AlreadySo(f"{version} is in {target} already")
        legal = self.stage(start).next
        if self.stage(target).name not in legal:
            ways = ", ".join(legal) or "nowhere"
            raise Refused(
                f"the policy has no transition from {start} to {target}", hint=f"{start} leads to: {ways}."
            )


def parse_policy(data: bytes, path: str) -> Policy:
    """Read a policy. Raises InvalidFile, also for a format newer than this tool knows."""
    return policy_from(read_fields(data, path), path)


def policy_from(fields: Fields, path: str) -> Policy:
    """Read a policy that is parsed already. Raises InvalidFile as `parse_policy` does."""
    version = fields.integer("rollbook")
    if version > FORMAT:
        raise InvalidFile(
            f"the registry has format {version}; this tool knows formats up to {FORMAT}",
            path=path,
            key="rollbook",
            hint="Upgrade it: pip install --upgrade rollbook",
        )
    stages = tuple(_stage(Fields(item, path, "stages")) for item in fields.items("stages"))
    if not stages:
        raise InvalidFile("a policy needs at least one stage", path=path, key="stages")
    roles, reminder = fields.inner("roles"), fields.optional_integer("sunset_reminder")
    grants = _grants(roles.inner(MODELS))
    return Policy(
        stages,
        model_pattern=fields.inner("naming").optional_text("pattern"),
        gates=fields.mappings("gates"),
        freezes=fields.mappings("freezes"),
        notify=fields.mappings("notify"),
        retention=retention_from(fields.inner("retention")),
        dvc_artifacts=fields.flag("dvc_artifacts", default=False),
        main=fields.optional_text("main"),
        registry=fields.optional_text("registry"),
        default_alias=fields.optional_text("default_alias"),
        sunset_reminder=SUNSET_REMINDER if reminder is None else reminder,
        roles=_members(fields.mapping("roles"), roles, grants),
        require_signed=roles.flag(REQUIRE_SIGNED, default=False),
        grants=grants,
        model_signers=model_signers(fields.inner("model_signers")),
        monitoring=fields.mapping("monitoring"),
        mlflow=_mlflow_calls(fields.inner("mlflow")),
    )


def _mlflow_calls(fields: Fields) -> MlflowCalls:
    return MlflowCalls(fields.optional_text("mode"), fields.optional_integer("wait") or 0)


def _grants(models: Fields) -> tuple[ModelGrant, ...]:
    return tuple(
        ModelGrant(pattern, {role: models.inner(pattern).texts(role) for role in models.mapping(pattern)})
        for pattern in models.names()
    )


def _members(
    stated: Mapping[str, Any], roles: Fields, grants: tuple[ModelGrant, ...]
) -> dict[str, tuple[str, ...]]:
    """Return who has each role for all models. A registry that gives roles for some models only has roles:
    nobody may do everything there because nobody has a role for all of them."""
    members = {role: roles.texts(role) for role in stated if role not in (REQUIRE_SIGNED, MODELS)}
    return members | {role: () for grant in grants for role in grant.roles if role not in members}


def _stage(fields: Fields) -> Stage:
    return Stage(
        name=fields.text("name"),
        exclusive=fields.flag("exclusive", default=False),
        next=fields.texts("next"),
        displaced_to=fields.optional_text("displaced_to") or None,
        description=fields.optional_text("description"),
        by=fields.texts("by") if fields.has("by") else None,
    )
