"""The access review: each person, each role that the policy gives them, for which models, and what it lets
them do."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from rollbook.access.roles import GRANTABLE, OPENPGP_KEY, SSH_KEY, Person
from rollbook.errors import BadCall
from rollbook.insight.review.allowance import allowed
from rollbook.names import meets_pattern, require_model_name
from rollbook.registry.model_folders import models_of
from rollbook.text import spreadsheet_cell

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from rollbook.insight.review.allowance import Allowed
    from rollbook.records.policy import Policy, Stage
    from rollbook.registry.registry import Registry

ALL = "all"
_COLUMNS = ("who", "role", "models", "may")


@dataclass(frozen=True, slots=True)
class Access:
    """One role of one member of the policy, as the policy writes them. `models` is the pattern of the models
    that it is given for, None for all of them."""

    who: str
    role: str
    models: str | None
    may: Allowed


@dataclass(frozen=True, slots=True)
class AccessReview:
    """Who may do what by the policy of a commit (None: of no commit). `everybody` says that it names no
    roles, and so everybody may do everything. `model` is the one that was asked about, `exists` whether there
    is one of that name."""

    commit: str | None
    everybody: bool
    require_signed: bool
    model: str | None
    exists: bool | None
    rows: tuple[Access, ...]
    stages: tuple[Stage, ...]

    def as_document(self) -> dict[str, Any]:
        """Return the review as JSON data."""
        return {
            "commit": self.commit,
            "everybody": self.everybody,
            "require_signed": self.require_signed,
            "model": self.model,
            "exists": self.exists,
            "stages": [{"stage": stage.name, "by": _by(stage)} for stage in self.stages],
            "access": [asdict(row) for row in self.rows],
        }

    def as_table(self) -> tuple[Sequence[str], list[list[str]]]:
        """Return the review as the names of columns and lines of cells."""
        rows = [[row.who, row.role, row.models or ALL, row.may.in_words(self.stages)] for row in self.rows]
        return _COLUMNS, rows

    def as_csv(self) -> str:
        """Return the review as lines of values under one line of names, as RFC 4180 has them. No spreadsheet
        runs any text in it."""
        import csv
        import io

        written = io.StringIO()
        columns, rows = self.as_table()
        csv.writer(written).writerows([spreadsheet_cell(cell) for cell in row] for row in (columns, *rows))
        return written.getvalue()


def access_review(registry: Registry, model: str | None = None, who: str | None = None) -> AccessReview:
    """Return who may do what by a registry's policy: for all models or for one, of everybody or of one.

    `who` is an address, a login (`@jane`), a team (`@acme/risk`) or the fingerprint of a key. Raises BadCall
    for what is none, or is no model name; NotFound without a policy.
    """
    policy = registry.policy
    person = None if who is None else named_person(who)
    own_gates: Sequence[Mapping[str, Any]] = ()
    exists = None
    if model is not None:
        exists = bool(models_of(registry.snapshot, [require_model_name(model)]))
        own_gates = registry.model(model).record.gates if exists else ()
    rows = [
        Access(member, role, pattern, allowed([role], policy, own_gates))
        for pattern, role, member in _given(policy)
        if (person is None or person.is_member(member))
        and (model is None or pattern is None or meets_pattern(model, pattern))
    ]
    return AccessReview(
        registry.snapshot.commit,
        not policy.roles,
        policy.require_signed,
        model,
        exists,
        tuple(sorted(rows, key=lambda row: (row.who.lower(), row.models or "", row.role))),
        policy.stages,
    )


def named_person(who: str) -> Person:
    """Return whom an address, a login, a team or the fingerprint of a key means. Raises BadCall."""
    if who.startswith((SSH_KEY, OPENPGP_KEY)):
        scheme, _, digits = who.partition(":")
        return Person(key=who if scheme == SSH_KEY.rstrip(":") else f"{OPENPGP_KEY}{digits.upper()}")
    if who.startswith("@") and len(who) > 1:
        return Person(teams=(who[1:],)) if "/" in who else Person(login=who[1:])
    if "@" not in who:
        raise BadCall(
            f"{who[:80]!r} is nobody that a policy could name",
            hint="Give an address (jane@example.com), a login (@jane), a team (@acme/risk) or a key's "
            "fingerprint (SHA256:...).",
        )
    return Person(email=who)


def _given(policy: Policy) -> Iterator[tuple[str | None, str, str]]:
    """Yield each pattern (None: all models), role and member; what counts for nothing is left out."""
    for role, members in policy.roles.items():
        for member in members:
            yield None, role, member
    for grant in policy.grants:
        for role, members in grant.roles.items():
            for member in members if role in GRANTABLE else ():
                yield grant.pattern, role, member


def _by(stage: Stage) -> list[str] | None:
    return None if stage.by is None else list(stage.by)
