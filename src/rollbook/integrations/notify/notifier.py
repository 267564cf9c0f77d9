"""Sending what the trail holds and a receiver has not had yet.

What was delivered is remembered in a git ref for each receiver, which points at the tag object delivered
last. So a receiver that is down loses nothing: the next run goes on where this one stopped. It is told of
everything that landed since the policy first named it. A URI of the registry tells it from others.
"""

from __future__ import annotations

import os
import re
import time
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING
from urllib.parse import quote, urlsplit

from rollbook.errors import Conflict, GitFailed, InvalidFile, NotFound
from rollbook.git.main_history import commits_changing, first_commit, first_parents
from rollbook.git.objects import ObjectReader
from rollbook.git.refs import NO_OBJECT, RefUpdate, fetch, push, ref_id, update_refs
from rollbook.integrations.notify.delivery import Delivery, at_once, deliver
from rollbook.layout import POLICY
from rollbook.records.policy import parse_policy
from rollbook.registry.main_branch import has_remote, main_commit, remote_name, remote_url
from rollbook.snapshot.snapshot import MAX_FILE
from rollbook.trail.chain import chain
from rollbook.trail.subscription import subscriptions

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rollbook.git.repository import Repository
    from rollbook.trail.subscription import Subscription
    from rollbook.trail.tag import RecordedTag


_REFS = "refs/rollbook/notified/*"
# How git writes an address of ssh in short: user@host:path.
_SHORT = re.compile(r"(?:[\w.-]+@)?([\w.-]+):(?!//)(.+)")


@dataclass(frozen=True, slots=True)
class Outcome:
    """How it went with one receiver: its host, how many messages it took, how many wait, and why they do."""

    receiver: str
    delivered: int
    waiting: int
    problem: str


def notify(repository: Repository, *, limit: float = 60, pause: float = 1) -> list[Outcome]:
    """Send each receiver of main's policy what it has not had yet; return how it went with each.

    All at once, for at most `limit` seconds; `pause` is the wait before the first repetition. Raises
    InvalidFile for a policy that can't be used, NotFound where there is none, GitFailed when the remote
    can't be reached.
    """
    tip = main_commit(repository)
    receivers = _subscriptions(repository, tip)
    if receivers is None:
        raise NotFound(f"{POLICY} does not exist", hint="Run `rollbook init`.")
    if has_remote(repository):
        fetch(repository, remote_name(repository), f"+{_REFS}:{_REFS}")
    trail = chain(repository)
    deliveries = [
        Delivery(subscription, _undelivered(repository, tip, trail, subscription))
        for subscription in receivers
    ]
    _deliver_all(deliveries, registry_uri(repository, tip), limit, pause)
    problem = _remember(repository, deliveries)
    return [_outcome(delivery, problem) for delivery in deliveries]


def _deliver_all(deliveries: Sequence[Delivery], source: str, limit: float, pause: float) -> None:
    deadline = time.monotonic() + limit
    tasks = []
    for delivery in deliveries:
        secret = os.environ.get(delivery.subscription.secret_env, "")
        if not delivery.waiting:
            continue
        if not secret:
            delivery.problem = no_secret(delivery.subscription)
            continue
        tasks.append(partial(deliver, delivery, secret, source, deadline, pause))
    at_once(tasks, deadline)


def no_secret(subscription: Subscription) -> str:
    """Say that there is no secret to sign a receiver's messages with."""
    return f"{subscription.secret_env} holds no secret"


def _outcome(delivery: Delivery, problem: str) -> Outcome:
    reached = [tag.oid for tag in delivery.waiting].index(delivery.reached) + 1 if delivery.reached else 0
    unsent = [tag for tag in delivery.waiting[reached:] if delivery.subscription.wants(tag.event)]
    reason = delivery.problem or ("time is up" if unsent else problem)
    return Outcome(delivery.subscription.name, delivery.sent, len(unsent), reason)


def _undelivered(
    repository: Repository, tip: str, trail: Sequence[RecordedTag], subscription: Subscription
) -> Sequence[RecordedTag]:
    """Return what a receiver has not had yet, in the trail's order."""
    last = ref_id(repository, subscription.ref)
    for index, tag in enumerate(trail):
        if tag.oid == last:
            return trail[index + 1 :]
    since = _landed_since(repository, tip, subscription)
    return [tag for tag in trail if tag.event.landed_in in since]


def _landed_since(repository: Repository, tip: str, subscription: Subscription) -> frozenset[str]:
    """Return the commits of main from that on since which the policy names the receiver."""
    first = ""
    for commit in commits_changing(repository, tip, POLICY):
        try:
            named = _subscriptions(repository, commit) or ()
        except InvalidFile:
            break
        if all(one.url != subscription.url for one in named):
            break
        first = commit
    order = [landed.commit for landed in first_parents(repository, tip)]
    return frozenset(order[order.index(first) :] if first in order else ())


def _subscriptions(repository: Repository, commit: str) -> tuple[Subscription, ...] | None:
    reader = ObjectReader(repository)
    try:
        blob = reader.read(f"{commit}:{POLICY}", MAX_FILE)
    finally:
        reader.close()
    if blob is None or blob.data is None:
        return None
    return subscriptions(parse_policy(blob.data, POLICY))


def _remember(repository: Repository, deliveries: Sequence[Delivery]) -> str:
    """Move the refs, on the remote first; return what went wrong: what is not remembered is sent again."""
    updates = []
    for delivery in deliveries:
        ref, reached = delivery.subscription.ref, delivery.reached
        if reached:
            old = ref_id(repository, ref) or NO_OBJECT
            updates.append(RefUpdate(ref, reached, old))
    try:
        if has_remote(repository):
            push(repository, remote_name(repository), updates)
        update_refs(repository, updates)
    except (Conflict, GitFailed) as error:
        return f"what was delivered could not be remembered, and will be delivered again: {error}"
    return ""


def registry_uri(repository: Repository, tip: str) -> str:
    """Return the remote's URL without user, password and query; without a remote that others can reach, a URN
    of the commit that the registry's history begins with."""
    url = remote_url(repository) or ""
    short = _SHORT.fullmatch(url)
    if short:
        url = f"ssh://{short[1]}/{short[2].lstrip('/')}"
    try:
        parts = urlsplit(url)
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        parts, port = urlsplit(""), ""
    if parts.scheme in {"https", "http", "ssh", "git"} and parts.hostname:
        return f"{parts.scheme}://{quote(parts.hostname)}{port}{quote(parts.path)}"
    return f"urn:rollbook:registry:{first_commit(repository, tip)}"
