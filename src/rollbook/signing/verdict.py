"""What there is to say about one signature."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Judgement(Enum):
    """Whether a signature counts."""

    GOOD = "good"
    BROKEN = "broken"  # it is none of these bytes
    NOT_ALLOWED = "not allowed"  # it is one, by a key that may not sign
    UNKNOWN = "unknown"  # there is nothing to judge the key by


@dataclass(frozen=True, slots=True)
class SignatureVerdict:
    """A judgement; who signed, where it is good; and else why it is not."""

    judgement: Judgement
    principal: str = ""
    why: str = ""


@dataclass(frozen=True, slots=True)
class Signed:
    """Bytes, the signature of them (armoured), the moment to judge it for (Unix time, seconds), and the
    contents of the allowed-signers file that may vouch for it.

    `oid` tells this from all others. `only_ssh` is set where no keyring counts; `principal` where one person
    alone may have signed.
    """

    oid: str
    payload: bytes
    signature: str
    at: int
    roots: tuple[bytes, ...]
    only_ssh: bool = False
    namespace: str = "git"
    principal: str = ""
