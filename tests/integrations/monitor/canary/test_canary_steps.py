"""What the monitor does on a verdict."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .conftest import Canary


def test_a_canary_that_is_no_worse_gets_the_next_share(canary: Canary) -> None:
    canary.monitored("land").no_worse()
    told = canary.told()
    assert told["verdict"] == "promote", told["message"]
    assert told["problem"] is None, told
    assert canary.entry()["traffic"] == 25
