"""The address of a registry, as MLflow's clients give it: `rollbook://PATH?mode=land`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal, cast
from urllib.parse import parse_qsl, unquote, urlsplit

from rollbook.errors import BadCall
from rollbook.git.repository import discover
from rollbook.propose.kept_clone import fresh_clone

if TYPE_CHECKING:
    from rollbook.git.repository import Repository

Mode = Literal["land", "propose"]
MODES = ("land", "propose")
SCHEMES = ("rollbook", "rollbook+https", "rollbook+ssh")
_HINT = "Write rollbook:///PATH, rollbook://. or rollbook+https://HOST/PATH, perhaps with ?mode=land."


@dataclass(frozen=True, slots=True)
class StoreAddress:
    """Where a registry is, and how it is written to. `directory` is a clone here, or `url` a repository
    elsewhere; `mode` is None where the policy says; `wait` is how many seconds a proposal is waited for."""

    directory: str = ""
    url: str = ""
    mode: Mode | None = None
    wait: float = 0.0


def parse_address(text: str) -> StoreAddress:
    """Read a store's address. Raises BadCall for what is none."""
    scheme, colon, rest = text.partition(":")
    if not colon or scheme not in SCHEMES or not rest.startswith("//"):
        raise BadCall(f"{text[:200]!r} is no address of a registry", hint=_HINT)
    address, _, query = rest.removeprefix("//").partition("?")
    settings = _settings(query)
    mode, wait = settings.get("mode"), settings.get("wait", "0")
    if mode not in (None, *MODES):
        raise BadCall(f"mode={mode[:40] if mode else ''} is none", hint="Give mode=land or mode=propose.")
    if not wait.isascii() or not wait.isdigit():
        raise BadCall(f"wait={wait[:40]} is no number of seconds", hint="Write e.g. wait=600.")
    known = cast("Mode | None", mode)
    if scheme == "rollbook":
        return StoreAddress(directory=unquote(address) or ".", mode=known, wait=float(wait))
    url = f"{scheme.removeprefix('rollbook+')}://{address}"
    if not urlsplit(url).hostname:
        raise BadCall(f"{text[:200]!r} names no host", hint=_HINT)
    return StoreAddress(url=url, mode=known, wait=float(wait))


def _settings(query: str) -> dict[str, str]:
    settings = dict(parse_qsl(query, keep_blank_values=True))
    if unknown := sorted(settings.keys() - {"mode", "wait"}):
        raise BadCall(f"{unknown[0][:40]!r} is no setting of a registry's address", hint="mode and wait are.")
    return settings


def opened_repository(address: StoreAddress) -> Repository:
    """Return the repository that an address means; one elsewhere is cloned unless it is kept already.

    Raises BadCall for an address that holds a password, GitFailed when it can't be reached.
    """
    return fresh_clone(address.url) if address.url else discover(Path(address.directory))
