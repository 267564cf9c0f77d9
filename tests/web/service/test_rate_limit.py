"""How many requests an address may send."""

from __future__ import annotations

import asyncio

from hypothesis import given
from hypothesis import strategies as st

from building.asgi import asked, reading
from rollbook.web.service.middleware import rate_limit
from rollbook.web.service.middleware.rate_limit import Buckets, RateLimit


def _answers(limit: RateLimit, *clients: str, path: str = "/api/v1/models") -> list[int]:
    async def ask() -> list[int]:
        return [(await asked(limit, client=(client, 1), path=path))[0] for client in clients]

    return asyncio.run(ask())


def test_who_sends_more_than_the_rate_is_told_when_to_come_back() -> None:
    limit = RateLimit(reading, rate=0.2)
    status, headers, body = asyncio.run(_second(limit))
    assert (status, headers[b"retry-after"]) == (429, b"5")
    assert headers[b"content-type"] == b"application/problem+json"
    assert b"Try again in 5 s" in body


async def _second(limit: RateLimit) -> tuple[int, dict[bytes, bytes], bytes]:
    await asked(limit)
    return await asked(limit)


def test_one_address_takes_nothing_from_another() -> None:
    assert _answers(RateLimit(reading, rate=0.2), "192.0.2.1", "192.0.2.1", "192.0.2.2") == [200, 429, 200]


def test_a_subscriber_s_many_ipv6_addresses_count_as_one() -> None:
    limit = RateLimit(reading, rate=0.2)
    assert _answers(limit, "2001:db8::1", "2001:db8::2", "2001:db8:1::1") == [200, 429, 200]


def test_probes_are_never_told_to_come_back_later() -> None:
    assert _answers(RateLimit(reading, rate=0.2), *["192.0.2.1"] * 5, path="/healthz") == [200] * 5


@given(st.lists(st.floats(0, 10), min_size=1, max_size=60), st.floats(0.1, 50))
def test_no_more_pass_than_the_burst_and_the_rate_allow(pauses: list[float], rate: float) -> None:
    now = [0.0]
    buckets = Buckets(rate, clock=lambda: now[0])
    passed = 0
    for pause in pauses:
        now[0] += pause
        passed += buckets.wait("a") == 0
    assert passed <= max(1.0, 5 * rate) + rate * sum(pauses) + 1e-6


def test_memory_is_bounded_however_many_addresses_ask() -> None:
    buckets = Buckets(1.0)
    for number in range(rate_limit._MOST_ADDRESSES + 50):
        buckets.wait(str(number))
    assert len(buckets) == rate_limit._MOST_ADDRESSES
