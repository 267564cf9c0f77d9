"""Telling the receivers of notifications what becomes of a breach: each step of an episode once to each.

A message that is repeated, because nobody could remember that it arrived, bears the same id. A receiver that
takes none holds up no other: the next run tries again, so many times.
"""

from __future__ import annotations

import hashlib
import math
import os
import time
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from rollbook.errors import RollbookError
from rollbook.integrations.monitor.deed import FAILED, TOLD, Deed, read_deed, tried
from rollbook.integrations.notify.delivery import at_once, send_message
from rollbook.integrations.notify.message import message_body
from rollbook.integrations.notify.notifier import no_secret, registry_uri
from rollbook.names import PRODUCTION, moment_text
from rollbook.registry.registry import Registry
from rollbook.snapshot.tree_snapshot import commit_snapshot
from rollbook.text import one_line
from rollbook.trail.subscription import subscriptions

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rollbook.integrations.monitor.breach.breach import Breach
    from rollbook.trail.subscription import Subscription

BREACH, NEEDS_PERSON, OVER = "breach", "needs-person", "over"
NOTIFY = "notify"
_MOST_CHECKS = 50
_LINE = 500  # characters


@dataclass(frozen=True, slots=True)
class Patience:
    """How long receivers are waited for, all together, and before a message is first repeated, in seconds."""

    limit: float = 20
    pause: float = 1


@dataclass(slots=True)
class _Letter:
    """A message to one receiver, and what stopped it; one thread writes it, another reads."""

    subscription: Subscription
    name: str
    before: Deed | None
    problem: str = "time is up"


def deed_name(step: str, subscription: Subscription) -> str:
    """Return under which name it is remembered that a receiver was told of a step."""
    return f"{NOTIFY} {step} {hashlib.sha256(subscription.url.encode()).hexdigest()[:8]}"


def tell(breach: Breach, step: str, main: str, patience: Patience) -> Mapping[str, Deed]:
    """Send a step of an episode to those receivers of main's policy that want it and have not had it; return
    by name how each of those that want it stands.

    Raises InvalidFile for a policy whose receivers can't be used.
    """
    with Registry(breach.repository, commit_snapshot(breach.repository, main)) as registry:
        known = subscriptions(registry.policy)
    stage = breach.stage or PRODUCTION
    letters = [
        _Letter(one, name, read_deed(breach.episode.deeds.get(name)))
        for one in known
        if one.wants_monitor(stage) and (name := deed_name(step, one))
    ]
    due = [letter for letter in letters if letter.before is None or letter.before.is_due(main)]
    body = _body(breach, step, registry_uri(breach.repository, main)) if due else b""
    deadline = time.monotonic() + patience.limit
    at_once([partial(_send, one, _id(breach, step), body, deadline, patience.pause) for one in due], deadline)
    known_before = {one.name: one.before for one in letters if one.before is not None}
    return {**known_before, **{one.name: _result(one, main) for one in due}}


def _send(letter: _Letter, message_id: str, body: bytes, deadline: float, pause: float) -> None:
    secret = os.environ.get(letter.subscription.secret_env, "")
    if not secret:
        letter.problem = no_secret(letter.subscription)
        return
    try:
        send_message(letter.subscription.url, message_id, body, secret, deadline, pause)
        letter.problem = ""
    except RollbookError as error:
        letter.problem = str(error)


def _result(letter: _Letter, main: str) -> Deed:
    host = letter.subscription.name
    if not letter.problem:
        return Deed(TOLD, host)
    return tried(FAILED, f"{host}: {letter.problem}", main, letter.before)


def _id(breach: Breach, step: str) -> str:
    return f"{one_line(breach.episode.id, _LINE)}-{step}"


def _body(breach: Breach, step: str, source: str) -> bytes:
    episode = breach.episode
    moment = breach.now if step == NEEDS_PERSON else (episode.ended or episode.started)
    data = {
        "episode": episode.id,
        "step": step,
        "model": episode.model,
        "version": episode.version,
        "stage": breach.stage or None,
        "started": moment_text(episode.started),
        "ended": moment_text(episode.ended) if episode.ended else None,
        "checks": [_told(breach, check) for check in episode.checks[:_MOST_CHECKS]],
        "evidence": episode.deeds.get("evidence"),
        "rollback": episode.deeds.get("rollback"),
    }
    seconds = int(moment.timestamp())
    return message_body(f"monitor.{step}", _id(breach, step), source, str(breach), seconds, data)


def _told(breach: Breach, check: str) -> dict[str, Any]:
    """Return what a check says, as far as it is asked in this run."""
    outcome = next((one for one in breach.outcomes if one.check == check), None)
    told: dict[str, Any] = {"check": one_line(check, _LINE)}
    if outcome is not None:
        has_value = outcome.value is not None and math.isfinite(outcome.value)
        told |= {
            "state": outcome.state.value,
            "value": outcome.value if has_value else None,
            "bound": one_line(outcome.bound, _LINE),
            "message": one_line(outcome.message, _LINE),
        }
    return told
