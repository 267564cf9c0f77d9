"""Making a version's card from the registry, proposing it, and finding those that are stale."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING

from rollbook import layout
from rollbook.check.card_sections import FRONT_MATTER
from rollbook.errors import BadCall, InvalidFile, Refused
from rollbook.git.operation import one_operation
from rollbook.git.repository import commit_or_none
from rollbook.insight.card.card_facts import card_facts
from rollbook.insight.card.card_text import is_generated, new_card, renewed_card
from rollbook.insight.card.placeholders import unfilled
from rollbook.names import Reference
from rollbook.propose.manifest_facts import small_file
from rollbook.propose.proposal import PlannedChange, Proposal, branch_name, propose
from rollbook.registry.change import changed_files
from rollbook.registry.main_branch import main_commit
from rollbook.registry.registry import Registry
from rollbook.snapshot.tree_snapshot import commit_snapshot, index_snapshot

if TYPE_CHECKING:
    from rollbook.git.repository import Repository
    from rollbook.registry.model_version import ModelVersion
    from rollbook.snapshot.tree_snapshot import TreeSnapshot


@dataclass(frozen=True, slots=True)
class Card:
    """A version's card: its path, its text as it has to be, and what the snapshot holds (None: no card)."""

    path: str
    text: str
    before: str | None

    @property
    def is_stale(self) -> bool:
        return self.text != self.before

    @property
    def unfilled(self) -> tuple[str, ...]:
        """The names of its placeholders that nothing on record fills."""
        return unfilled(FRONT_MATTER.sub("", self.text, count=1))


@dataclass(frozen=True, slots=True)
class ProposedCard:
    """A card that was proposed, and its placeholders that nothing on record fills."""

    model: str
    version: str
    path: str
    branch: str
    commit: str
    unfilled: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PlannedCard:
    """A card that is ready to be proposed, and the version that it is about."""

    change: PlannedChange
    version: Reference
    card: Card


def make_card(
    version: ModelVersion, start: str | None = None, own_template: str | Path | None = None
) -> Card:
    """Make a version's card, its generated parts filled in anew from the registry. What people wrote is that
    of `start`, else of the snapshot's card, else of the file `own_template`, else of the registry's template,
    else of Rollbook's own.

    Raises Refused for a template where a card is already, BadCall for one that is no text, InvalidFile for a
    card or template that is no text or whose markers don't pair up; NotFound or InvalidFile when a file that
    the card tells of is missing or broken.
    """
    snapshot = version.model.registry.snapshot
    path = layout.card_path(version.model.name, version.version)
    card, registrys_template = snapshot.read_many([path, layout.CARD_TEMPLATE])
    before = None if card is None else _text(card, path)
    facts = card_facts(version)
    written = before if start is None else start
    is_new = written is None or not written.strip()
    if own_template is not None and not is_new:
        raise Refused(
            f"{version} has a card already, and a template begins a new one",
            hint="To go on from a file instead of the card: --from FILE.",
        )
    text = written_by_people(own_template)
    template, whose = _template(registrys_template) if text is None else (text, str(own_template))
    if written is None or is_new:
        return Card(path, new_card(template, facts, whose), before)
    return Card(path, renewed_card(written, template, facts, path), before)


@one_operation()
def propose_card(
    repository: Repository,
    reference: str | Reference,
    start: str | None = None,
    own_template: str | Path | None = None,
) -> ProposedCard | None:
    """Propose a version's card, made from main: a branch with one commit; None when it is up to date.

    Raises what `make_card` raises, Refused when the check refuses it, Conflict when a proposal of it stands.
    """
    planned = plan_card(repository, main_commit(repository), reference, start, own_template)
    if planned is None:
        return None
    made, _ = propose(repository, planned.change)
    branch, told = planned.change.proposal.branch, planned.version
    return ProposedCard(told.model, str(told.version), planned.card.path, branch, made, planned.card.unfilled)


def plan_card(
    repository: Repository,
    base: str,
    reference: str | Reference,
    start: str | None = None,
    own_template: str | Path | None = None,
) -> PlannedCard | None:
    """Return the change that makes a version's card, upon the commit `base`; None when it is up to date.
    Raises what `make_card` raises, NotFound for an unknown version."""
    with Registry(repository, commit_snapshot(repository, base)) as registry:
        version = registry.version(reference)
        card = make_card(version, start, own_template)
    if not card.is_stale:
        return None
    verb = "Write" if card.before is None else "Renew"
    proposal = Proposal(
        branch_name("card", version.model.name, version.version),
        base,
        f"{verb} the model card of {version}\n",
        {card.path: card.text.encode()},
    )
    change = PlannedChange(proposal, f"the card of {version} can't be changed")
    return PlannedCard(change, Reference(version.model.name, version.version), card)


def stale_cards(repository: Repository) -> list[str]:
    """Return the paths of staged cards whose generated parts differ from what the staged files give.

    Only versions of which a file is staged are looked at, and only cards with generated parts.
    """
    index = index_snapshot(repository)
    with Registry(repository, index) as registry:
        cards = [card for version in _staged_versions(registry, index) for card in _generated(version)]
    return sorted(card.path for card in cards if card.is_stale)


def _staged_versions(registry: Registry, index: TreeSnapshot) -> list[ModelVersion]:
    head = commit_or_none(registry.repository, "HEAD")
    if head is None:
        return [version for model in registry.models() for version in model.versions()]
    changed = changed_files(registry.repository, head, index.treeish)
    staged = {(change.place.model, change.place.version) for change in changed}
    touched = {model for model, version in staged if version}
    return [
        model.version(version)
        for model in registry.models()
        if model.name in touched
        for version in model.version_names
        if (model.name, version) in staged
    ]


def _generated(version: ModelVersion) -> list[Card]:
    """Return the version's card in its snapshot, when there is one with generated parts."""
    path = layout.card_path(version.model.name, version.version)
    (data,) = version.model.registry.snapshot.read_many([path])
    return [make_card(version)] if data is not None and is_generated(_text(data, path)) else []


def _template(own: bytes | None) -> tuple[str, str]:
    """Return the template to start a card from, and its path: the registry's own, else Rollbook's."""
    if own is not None:
        return _text(own, layout.CARD_TEMPLATE), layout.CARD_TEMPLATE
    text = resources.files("rollbook.propose").joinpath("templates", "card.md").read_text(encoding="utf-8")
    return text, "card.md"


def written_by_people(source: str | Path | None) -> str | None:
    """Return the text of a file that a person wrote; None without one. Raises BadCall for what is no text."""
    if source is None:
        return None
    try:
        return small_file(Path(source)).decode()
    except UnicodeDecodeError as error:
        raise BadCall(f"{source} is not UTF-8 text") from error


def _text(data: bytes, path: str) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        raise InvalidFile(
            "the file is not UTF-8 text", path=path, line=data[: error.start].count(b"\n") + 1
        ) from error
