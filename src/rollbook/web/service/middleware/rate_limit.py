"""How many requests one address may send: a bucket of tokens for each, which fills at the rate allowed."""

from __future__ import annotations

import ipaddress
import math
import time
from collections import OrderedDict
from typing import TYPE_CHECKING

from rollbook.web.service.problems import problem

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.types import ASGIApp, Receive, Scope, Send

_BURST = 5.0  # seconds' worth that may come at once
_MOST_ADDRESSES = 10_000
# Whoever asks whether the service lives must not be told to come back later.
_FREE = frozenset(["/healthz", "/readyz"])


class Buckets:
    """The tokens left to each address, of the addresses that were seen last."""

    def __init__(self, rate: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._rate = rate
        self._most = max(1.0, rate * _BURST)
        self._clock = clock
        self._left: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def wait(self, address: str) -> float:
        """Take a token of an address, and return 0; without one, return in how many seconds there is one."""
        now = self._clock()
        left, since = self._left.pop(address, (self._most, now))
        left = min(self._most, left + (now - since) * self._rate)
        has_one = left >= 1
        self._left[address] = (left - 1 if has_one else left, now)
        if len(self._left) > _MOST_ADDRESSES:
            self._left.popitem(last=False)
        return 0.0 if has_one else (1 - left) / self._rate

    def __len__(self) -> int:
        return len(self._left)


class RateLimit:
    """Answers 429 to an address that sends more than `rate` requests a second."""

    def __init__(self, app: ASGIApp, rate: float) -> None:
        self._app = app
        self._buckets = Buckets(rate)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"] not in _FREE:
            wait = self._buckets.wait(_counted(scope.get("client")))
            if wait:
                seconds = math.ceil(wait)
                answer = problem(429, "TooManyRequests", "too many requests from this address",
                                 hint=f"Try again in {seconds} s.")  # fmt: skip
                answer.headers["retry-after"] = str(seconds)
                await answer(scope, receive, send)
                return
        await self._app(scope, receive, send)


def _counted(client: tuple[str, int] | None) -> str:
    """Return what an address is counted as: of IPv6 the first 64 bits, which one subscriber has all of."""
    host = client[0] if client else ""
    if ":" not in host:
        return host
    try:
        address = ipaddress.IPv6Address(host.partition("%")[0])
    except ValueError:
        return host
    return str(address.ipv4_mapped or int(address) >> 64)
