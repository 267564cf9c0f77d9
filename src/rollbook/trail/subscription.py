"""Who wants to hear of what: an entry of the policy's `notify`."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rollbook.errors import BadCall, InvalidFile
from rollbook.git.address import host_of, require_safe
from rollbook.layout import POLICY
from rollbook.records.fields import Fields
from rollbook.trail.event import Action

if TYPE_CHECKING:
    from rollbook.records.policy import Policy
    from rollbook.trail.event import Event

# The word among `events` for what the monitor tells; the others are what happens to a version.
MONITOR = "monitor"
_VARIABLE = re.compile(r"[A-Z][A-Z0-9_]{0,99}")


@dataclass(frozen=True, slots=True)
class Subscription:
    """A receiver: its URL, the environment variable that holds the secret it shares with us, and what it
    wants to hear of. No `events` or no `stages` means all of them."""

    url: str
    secret_env: str
    events: tuple[str, ...] = ()
    stages: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The receiver's host: all of the URL that may be printed."""
        return host_of(self.url)

    @property
    def ref(self) -> str:
        """The ref that remembers what was delivered there."""
        return f"refs/rollbook/notified/{hashlib.sha256(self.url.encode()).hexdigest()}"

    def wants(self, event: Event) -> bool:
        """Whether the receiver wants to hear of an event; one that takes a version out of a stage is about
        that stage, and one that takes an alias off it about that alias."""
        left = event.action in (Action.UNASSIGNED, Action.ALIAS_REMOVED)
        stage = event.start if left else event.target
        about = not self.stages or stage in self.stages
        return about and (not self.events or event.action.value in self.events)

    def wants_monitor(self, stage: str) -> bool:
        """Whether the receiver wants to hear what the monitor tells of a version in a stage."""
        return (not self.stages or stage in self.stages) and (not self.events or MONITOR in self.events)


def subscriptions(policy: Policy) -> tuple[Subscription, ...]:
    """Those that a policy names, each URL once. Raises InvalidFile for an entry that can't be used."""
    by_url: dict[str, Subscription] = {}
    for index, entry in enumerate(policy.notify):
        subscription = _subscription(Fields(entry, POLICY, f"notify.{index}"), f"notify.{index}")
        if subscription.url in by_url:
            message = f"{subscription.name} is named twice"
            raise InvalidFile(message, path=POLICY, key=f"notify.{index}.url", hint="Join the two.")
        by_url[subscription.url] = subscription
    return tuple(by_url.values())


def _subscription(fields: Fields, key: str) -> Subscription:
    subscription = Subscription(
        fields.text("url"), fields.text("secret_env"), fields.texts("events"), fields.texts("stages")
    )
    try:
        require_safe(subscription.url)
    except BadCall as error:
        raise InvalidFile(str(error), path=POLICY, key=f"{key}.url", hint=error.hint) from error
    if not _VARIABLE.fullmatch(subscription.secret_env):
        raise InvalidFile("not the name of an environment variable", path=POLICY, key=f"{key}.secret_env")
    known = [*(action.value for action in Action), MONITOR]
    unknown = set(subscription.events) - set(known)
    if unknown:
        message = f"there is no event {min(unknown)[:40]!r}"
        raise InvalidFile(message, path=POLICY, key=f"{key}.events", hint=f"Events are: {', '.join(known)}.")
    return subscription
