"""How many writes are at work at a time: they wait for each other, and reads must not wait for them."""

from __future__ import annotations

import asyncio
import threading
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

# Of the 40 threads that answer, so many may be taken by writes, which are done one by one in the end; some of
# them hash and store at the same time.
_AT_WORK = 8
_PAUSE = 0.02  # seconds


class WriteTurns:
    """Lets some writes be at work; the others wait, and take no thread for it."""

    def __init__(self) -> None:
        # Not asyncio's, which belongs to one loop.
        self._free = threading.BoundedSemaphore(_AT_WORK)

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """Be at work inside, once there is room."""
        while not self._free.acquire(blocking=False):
            await asyncio.sleep(_PAUSE)
        try:
            yield
        finally:
            self._free.release()
