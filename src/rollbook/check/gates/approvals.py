"""The gate that enough people have approved this very transition, none of them its author."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from rollbook.access.roles import ADMIN, APPROVER, DECIDING, Person, alike, roles_for
from rollbook.check.finding import Rule
from rollbook.check.gates.gate import SettingsSchema, passed, setting, waiting
from rollbook.errors import CannotTell, InvalidFile
from rollbook.signing.approval_signature import transition_content, valid_approvers
from rollbook.signing.sshsig import fingerprint, signing_key

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from rollbook.check.gates.gate import Promotion, Verdict
    from rollbook.records.fields import Fields
    from rollbook.signing.approval_signature import Occasion, TransitionContent

_MOST = 100
# How a forge writes the address of somebody whose own it does not tell.
_KEPT = re.compile(r"(?:[0-9]+\+)?([a-z0-9_-]+)@users\.noreply\.[a-z0-9.-]+")


class Approvals:
    """`{gate: approvals, to: [production], count: 2, role: approver, rollback_count: 1}`"""

    name = "approvals"
    sentence = "Enough people of a role have approved this very transition, and none of them asked for it."
    code = "RB410"
    rule = Rule("approvals", "Enough people have approved this very transition, none of them its author.")
    schema = SettingsSchema(
        "People other than the authors must have approved this very transition.",
        {
            "count": setting("Count", "How many people.", 2, type="integer", minimum=1, maximum=100),
            "role": setting(
                "Role",
                "The role of those who count; admins and approvers unless set.",
                "approver",
                type="string",
                enum=list(DECIDING),
            ),
            "rollback_count": setting(
                "Count for a rollback",
                "How many are enough when a version comes back to a stage that it has held before.",
                1,
                type="integer",
                minimum=0,
                maximum=100,
            ),
        },
        example={"to": ["production"], "count": 2, "role": "approver", "rollback_count": 1},
        required=("count",),
    )

    def verdict(self, settings: Fields, promotion: Promotion) -> Verdict:
        count, role = settings.integer("count"), settings.optional_text("role")
        if count < 1:
            raise InvalidFile("the count must be 1 or above", key="count")
        needed = count
        fewer = settings.optional_integer("rollback_count")
        if fewer is not None and promotion.is_rollback:
            needed = min(count, max(0, fewer))
        counted, ignored = _sorted_out(promotion, role)
        whose = f"by {role}s " if role else ""
        threshold = f"{needed} approval{'s' if needed != 1 else ''} {whose}other than the authors"
        number = _people(counted)
        names = ", ".join(str(person) for person in counted)
        figure = f"{number} of {needed}" + (f" ({names})" if names else "")
        if number >= needed:
            return passed(figure, threshold)
        way = f"Ask somebody to approve: rollbook approve {promotion.model}@{promotion.version} "
        not_counted = f" Not counted: {'; '.join(ignored)}." if ignored else ""
        return waiting(figure, threshold, f"{way}{promotion.target}{not_counted}")


def _people(approvers: list[Person]) -> int:
    """How many there are at least: somebody known by an address and somebody known by a login only may be one
    and the same."""
    addresses = sum(bool(person.email) for person in approvers)
    return max(addresses, len(approvers) - addresses)


def _sorted_out(promotion: Promotion, role: str) -> tuple[list[Person], list[str]]:
    """Those whose approvals count, and why others' don't."""
    counted: dict[str, Person] = {}
    ignored: list[str] = []
    for person, reason in _candidates(promotion):
        why = reason or _unfit(person, promotion, role)
        if why:
            ignored.append(f"{person} ({why})")
        else:
            counted.setdefault(str(person).casefold(), person)
    return list(counted.values()), ignored


def _candidates(promotion: Promotion) -> Iterator[tuple[Person, str]]:
    """All who say that they approve, and what is wrong with the approval itself."""
    for person in promotion.circumstances.reviews:
        yield person, ""
    entry = promotion.entry
    if entry is None or not entry.approvals:
        return
    occasion, unknown = _occasion(promotion)
    content = transition_content(promotion.model, promotion.start, entry, promotion.manifest_digest, occasion)
    signers = promotion.circumstances.allowed_signers
    keys: set[str] = set()
    for approval in entry.approvals[:_MOST]:
        by, signature = approval.get("by"), approval.get("signature")
        if not isinstance(by, str) or not by.isprintable():
            continue
        key = signing_key(signature) if isinstance(signature, str) else None
        person = Person(email=by, key=fingerprint(key) if key else "")
        if not isinstance(signature, str) or not signature.isascii() or key is None:
            yield person, "no signature"
        elif unknown:
            yield person, unknown
        elif not valid_approvers(content, (approval,), signers):
            yield person, _why_invalid(content, approval, signers)
        elif person.key in keys:
            yield person, "signed with the key of somebody else's approval"
        else:
            keys.add(person.key)
            yield person, ""


def _occasion(promotion: Promotion) -> tuple[Occasion | None, str]:
    """Return the occasion that approvals must be given on; or why it can't be told, and none counts."""
    tell = promotion.circumstances.occasion
    if tell is None:
        return None, "only where a commit is the base can it be told on which occasion it was given"
    try:
        return tell(promotion.model), ""
    except CannotTell as error:
        return None, f"{error}. {error.hint}".removesuffix(".")


def _why_invalid(content: TransitionContent, approval: Mapping[str, Any], signers: bytes) -> str:
    if valid_approvers(replace(content, occasion=None), (approval,), signers):
        return (
            "signed in the older format, which says neither in which registry nor after what, and so counts "
            "for no new change: approve anew"
        )
    return (
        "signed something else, or on another occasion (before another event of this model or another "
        "policy, or in another registry), or with a key that the base's allowed_signers lacks"
    )


def _unfit(person: Person, promotion: Promotion, role: str) -> str:
    """Why a person's approval of this promotion does not count; empty when it does."""
    entry, circumstances = promotion.entry, promotion.circumstances
    own = {alike(person.email), alike(f"@{person.login}"), alike(person.key)} - {"", "@"}
    if entry is not None and own & {alike(entry.requested_by), _by_login(entry.requested_by)}:
        return "asked for it"
    if own & {alike(author) for author in (circumstances.authors or frozenset()) | circumstances.hands}:
        return "is an author of the change"
    policy = promotion.policy
    held_roles = roles_for(person, policy, promotion.model) if policy else []
    whose = f" of {promotion.model}" if policy and policy.grants else ""
    if role:
        return "" if role in held_roles else f"is no {role}{whose}"
    if not policy or not policy.roles or {ADMIN, APPROVER} & set(held_roles):
        return ""
    return f"is neither {ADMIN} nor {APPROVER}{whose}"


def _by_login(address: str) -> str:
    """Return `@login` for the address that a forge keeps for one of its people; empty for another."""
    kept = _KEPT.fullmatch(alike(address))
    return f"@{kept[1]}" if kept else ""


GATE = Approvals()
