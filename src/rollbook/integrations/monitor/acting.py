"""Acting on a breach: evidence, messages, an issue and the way back, each once, in this order.

After each deed the episode is handed over to be remembered. What stands on main or in a request is found
there, so that a run which was cut off anywhere, or another monitor, does nothing twice.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from rollbook.errors import BadCall, InvalidFile, NotFound, Refused, RollbookError
from rollbook.integrations.forge.configured_forge import forge_at_hand
from rollbook.integrations.monitor.breach.breach import Breach
from rollbook.integrations.monitor.breach.breach_issue import (
    needs_person_words,
    opened_issue,
    over_words,
    said_on_issue,
)
from rollbook.integrations.monitor.breach.breach_messages import (
    BREACH,
    NEEDS_PERSON,
    NOTIFY,
    OVER,
    Patience,
    tell,
)
from rollbook.integrations.monitor.breach.filing_evidence import filed_evidence
from rollbook.integrations.monitor.breach.rolling_back import landed_rollback, rolled_back
from rollbook.integrations.monitor.deed import FAILED, NOTHING, REFUSED, TOLD, Deed, read_deed, stopped, tried
from rollbook.integrations.monitor.monitor_memory import ENDED
from rollbook.integrations.monitor.own_requests import why
from rollbook.propose.proposal import ChangeRefused
from rollbook.registry.main_branch import published_commit

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence
    from datetime import datetime

    from rollbook.git.repository import Repository
    from rollbook.integrations.forge.interface import Forge
    from rollbook.integrations.monitor.monitor_memory import Episode
    from rollbook.integrations.monitor.outcome import Outcome
    from rollbook.records.monitoring import Monitoring

EVIDENCE, ISSUE, ROLLBACK = "evidence", "issue", "rollback"
_USUAL = Patience()
# What trying again does not help against, as long as main is what it is.
_FINAL = (ChangeRefused, BadCall, InvalidFile, NotFound)


def act(
    repository: Repository,
    episode: Episode,
    outcomes: Sequence[Outcome],
    monitoring: Monitoring,
    now: datetime,
    remember: Callable[[Episode], None],
    *,
    in_breach: Collection[str] = (),
    patience: Patience = _USUAL,
) -> Episode:
    """Do what an episode calls for and its deeds lack, and return it with them; of one that has ended, say
    so once.

    `outcomes` are those of the episode's version, `in_breach` the versions of its model that an episode of
    their own is open for. `remember` is called after each deed. What can't be done is told in the deeds:
    nothing but what `remember` raises comes out of here, and Refused where there is no main.
    """
    acting = _Acting(Breach(repository, episode, outcomes, monitoring, now), remember, patience)
    if episode.ended is None:
        acting.on_breach(in_breach)
    else:
        acting.on_end()
    return acting.breach.episode


class _Acting:
    """An episode, and its deeds as they come."""

    def __init__(self, breach: Breach, remember: Callable[[Episode], None], patience: Patience) -> None:
        self.breach = breach
        self._remember = remember
        self._patience = patience
        self._actions = breach.monitoring.on_breach

    def on_breach(self, in_breach: Collection[str]) -> None:
        """Do what an open episode calls for."""
        if self._actions.evidence != "none":
            self._step(EVIDENCE, lambda _: filed_evidence(self.breach))
        self._tell(BREACH)
        if self._actions.issue:
            self._on_forge(ISSUE, lambda forge: opened_issue(self.breach, forge))
        if self._actions.rollback != "none":
            self._step(ROLLBACK, lambda before: rolled_back(self.breach, in_breach, before))
        stuck = self._stuck()
        if stuck:
            self._tell(NEEDS_PERSON)
            if self._actions.issue:
                words = needs_person_words(stuck)
                self._on_forge(
                    f"{ISSUE} {NEEDS_PERSON}",
                    lambda forge: said_on_issue(self.breach, forge, NEEDS_PERSON, words),
                )

    def on_end(self) -> None:
        """Say of an episode that it is over."""
        if ENDED in self.breach.episode.deeds:
            return
        known = read_deed(self.breach.episode.deeds.get(ROLLBACK))
        if self._actions.rollback != "none" and (known is None or known.is_due("")):
            self._step(ROLLBACK, self._landed)
        self._tell(OVER)
        if self._actions.issue:
            words = over_words(self.breach)
            self._on_forge(f"{ISSUE} {OVER}", lambda forge: said_on_issue(self.breach, forge, OVER, words))
        last = (f"{NOTIFY} {OVER}", f"{ISSUE} {OVER}")
        if not any(self._is_due(name) for name in self.breach.episode.deeds if name.startswith(last)):
            self._did(ENDED, Deed(TOLD))

    def _landed(self, before: Deed | None) -> Deed:
        """Return the rollback that main has, of which a run that was cut off could say nothing."""
        return landed_rollback(self.breach, self._main()) or before or Deed(NOTHING, "it is over")

    def _tell(self, step: str) -> None:
        if not self._actions.notify:
            return
        try:
            told = tell(self.breach, step, self._main(), self._patience)
        except RollbookError as error:
            told = {f"{NOTIFY} {step}": tried(FAILED, why(error), self._main(), None)}
        for name, deed in told.items():
            self._did(name, deed)
        if step == BREACH and told:
            arrived = sum(deed.word == TOLD for deed in told.values())
            self._did(NOTIFY, Deed(TOLD, f"{arrived} of {len(told)} receivers"))

    def _on_forge(self, name: str, do: Callable[[Forge], Deed]) -> None:
        def said(before: Deed | None) -> Deed:
            forge = forge_at_hand(self.breach.repository)
            if forge is None:
                return tried(FAILED, "no forge is at hand, or no token for it", self._main(), before)
            return do(forge)

        self._step(name, said)

    def _step(self, name: str, do: Callable[[Deed | None], Deed]) -> None:
        """Do what is due under a name, and have it remembered whatever comes of it."""
        before = read_deed(self.breach.episode.deeds.get(name))
        if before is not None and not before.is_due(self._main()):
            return
        try:
            deed = do(before)
        except _FINAL as error:
            deed = stopped(REFUSED, why(error), self._main())
        except RollbookError as error:
            word = REFUSED if isinstance(error, Refused) else FAILED
            deed = tried(word, why(error), self._main(), before)
        self._did(name, deed)

    def _did(self, name: str, deed: Deed) -> None:
        episode = self.breach.episode
        if episode.deeds.get(name) != str(deed):
            episode = replace(episode, deeds={**episode.deeds, name: str(deed)})
            self.breach = replace(self.breach, episode=episode)
            self._remember(episode)

    def _is_due(self, name: str) -> bool:
        deed = read_deed(self.breach.episode.deeds.get(name))
        return deed is not None and deed.is_due(self._main())

    def _stuck(self) -> str:
        """Return what does not go on without a person, and why; empty where all does."""
        deeds = {name: read_deed(self.breach.episode.deeds.get(name)) for name in (EVIDENCE, ROLLBACK)}
        return "; ".join(f"{name}: {deed}" for name, deed in deeds.items() if deed and deed.is_stuck)

    def _main(self) -> str:
        return published_commit(self.breach.repository)
