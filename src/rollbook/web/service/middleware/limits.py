"""What a request may take of the service."""

from __future__ import annotations

from dataclasses import dataclass

MIB = 1 << 20


@dataclass(frozen=True, slots=True)
class Limits:
    """`rate` requests a second from one address (0: any number), `body` bytes in a request, `upload` bytes
    in one that brings files, `seconds` until an answer begins, and between two parts of a request or of an
    answer; `write_seconds` until the answer to a write begins, which hashes, scans and stores what came."""

    rate: float = 100.0
    body: int = MIB
    upload: int = 2048 * MIB
    seconds: float = 30.0
    write_seconds: float = 600.0
