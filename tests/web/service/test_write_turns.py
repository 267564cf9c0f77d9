"""Writes take turns: only some are at work, and those that wait take no thread."""

from __future__ import annotations

import asyncio

from rollbook.web.service.writing.write_turns import WriteTurns


def test_no_more_than_eight_are_at_work_and_all_come_to_it() -> None:
    turns, at_work, most, done = WriteTurns(), 0, 0, 0

    async def one() -> None:
        nonlocal at_work, most, done
        async with turns.turn():
            at_work += 1
            most = max(most, at_work)
            await asyncio.sleep(0)
            at_work -= 1
            done += 1

    async def all_of_them() -> None:
        await asyncio.gather(*(one() for _ in range(50)))

    asyncio.run(all_of_them())
    assert (done, at_work) == (50, 0)
    assert most <= 8


def test_a_turn_ends_with_whoever_fails() -> None:
    turns = WriteTurns()

    async def fail() -> None:
        async with turns.turn():
            raise ValueError

    async def all_of_them() -> None:
        for _ in range(20):
            await asyncio.gather(fail(), return_exceptions=True)
        async with turns.turn():
            pass

    asyncio.run(all_of_them())
