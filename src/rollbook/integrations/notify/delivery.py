"""Delivering messages to one receiver, in order, until one does not arrive or time is up."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rollbook.artifact.http import Unreachable, send
from rollbook.errors import RollbookError
from rollbook.integrations.notify.message import cloud_event, headers

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from rollbook.trail.subscription import Subscription
    from rollbook.trail.tag import RecordedTag

_ATTEMPTS = 4
_ANSWER_WITHIN = 10.0


@dataclass
class Delivery:
    """What was delivered to a receiver so far, and what stopped it: one thread writes it, another reads."""

    subscription: Subscription
    waiting: Sequence[RecordedTag]
    sent: int = 0
    reached: str = ""
    problem: str = ""


def deliver(delivery: Delivery, secret: str, source: str, deadline: float, pause: float) -> None:
    """Send what waits, each message only after the one before it has arrived.

    `deadline` is on the monotonic clock, `pause` the seconds before the first repetition; each further one
    takes twice as long. A receiver may get a message twice, never in another order.
    """
    try:
        for tag in delivery.waiting:
            if delivery.subscription.wants(tag.event):
                body = cloud_event(tag, source)
                send_message(delivery.subscription.url, tag.oid, body, secret, deadline, pause)
                delivery.sent += 1
            delivery.reached = tag.oid
    except RollbookError as error:
        delivery.problem = str(error)


def send_message(url: str, message_id: str, body: bytes, secret: str, deadline: float, pause: float) -> None:
    """Send one message, signed, until the receiver takes it, a few times; `deadline` and `pause` as in
    `deliver`. Raises Unreachable when it does not arrive, Refused for a secret that protects nothing."""
    for attempt in range(1, _ATTEMPTS + 1):
        seconds_left = deadline - time.monotonic()
        if seconds_left <= 0:
            raise Unreachable("time is up")
        try:
            answer = send(
                "POST",
                url,
                headers=headers(body, message_id, secret, int(time.time())),
                body=body,
                timeout=min(_ANSWER_WITHIN, seconds_left),
                within=_ANSWER_WITHIN,
                longest=0,  # what it says besides is no reason to send again
            )
            if 200 <= answer.status < 300:
                return
            problem = Unreachable(f"the receiver answered {answer.status}")
        except Unreachable as error:
            problem = error
        wait = pause * 2 ** (attempt - 1)
        if attempt == _ATTEMPTS or time.monotonic() + wait >= deadline:
            raise problem
        time.sleep(wait)


def at_once(tasks: Sequence[Callable[[], None]], deadline: float) -> None:
    """Run tasks beside each other, and wait for them until `deadline` (on the monotonic clock)."""
    # A receiver that sends its answer drop by drop must not hold the process: daemon threads don't.
    threads = [threading.Thread(target=task, daemon=True) for task in tasks]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(max(0.0, deadline - time.monotonic()))
