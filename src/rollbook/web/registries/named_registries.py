"""From what somebody names, NAME=PATH or NAME=URL, to the registries that are served."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rollbook.errors import BadCall
from rollbook.git.address import local_directory
from rollbook.git.repository import discover
from rollbook.text import printable
from rollbook.web.registries.followed_registry import FollowedRegistry
from rollbook.web.registries.served_registries import ServedRegistries
from rollbook.web.registries.served_registry import ServedRegistry

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")
ONLY = "registry"  # what the one that is served alone is called


def named_addresses(told: Sequence[str]) -> dict[str, str]:
    """Return the addresses of registries by name, from `NAME=ADDRESS` each. Raises BadCall for what is none,
    and for a name that is there twice."""
    addresses: dict[str, str] = {}
    for one in told:
        name, equals, address = one.partition("=")
        if not equals or not _NAME.fullmatch(name) or not address:
            raise BadCall(
                f"{printable(one[:120])} names no registry",
                hint="Write NAME=PATH or NAME=URL, the name of small letters, digits, dots and dashes.",
            )
        if name in addresses:
            raise BadCall(f"two registries are called {name}", hint="Give each a name of its own.")
        addresses[name] = address
    return addresses


def opened_registries(addresses: Mapping[str, str], every: float) -> ServedRegistries:
    """Return the registries at these addresses: a clone or a bare repository here, and of those elsewhere a
    clone that is fetched `every` so many seconds. Raises BadCall, NotFound or GitFailed for what can't be
    read."""
    opened: list[ServedRegistry] = []
    try:
        for name, address in addresses.items():
            opened.append(_opened(name, address, every))
    except BaseException:
        for registry in opened:
            registry.close()
        raise
    return ServedRegistries(opened)


def _opened(name: str, address: str, every: float) -> ServedRegistry:
    directory = local_directory(address)
    if directory is None:
        return FollowedRegistry.followed(name, address, every)
    return ServedRegistry(name, discover(directory))
