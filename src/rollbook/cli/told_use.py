"""What is known of a version's use, as the commands print it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from rollbook.cli.output import warn
from rollbook.names import moment_text
from rollbook.text import printable

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from rollbook.registry.served import Served, Use

_MOST_CALLERS = 5
_MOST_VERSIONS = 5

usage_option = click.option(
    "--usage/--no-usage",
    default=True,
    help="Ask the source of the policy's `monitoring.usage` too, where there is one; the default.",
)


def users_of(served: Served) -> str:
    """Return who uses a version: the callers with their requests and when the newest were, or how many."""
    callers = served.callers[:_MOST_CALLERS]
    told = [f"{caller.name} ({caller.requests:,.0f}, {moment_text(caller.at)})" for caller in callers]
    if len(served.callers) > len(callers):
        told.append(f"and {len(served.callers) - len(callers)} more")
    if not told and served.requests is not None:
        return f"{served.requests:,.0f} requests"
    return printable(", ".join(told))


def warn_of_use(name: str, use: Use | None) -> None:
    """Warn that a version that goes out of use is used still, or that nobody can tell."""
    if use is None:
        return
    for line in _warnings(use):
        warn(printable(f"{name} {line}"))


def _warnings(use: Use) -> Iterator[str]:
    served = use.served
    if served is not None and served.targets:
        yield f"still runs on {', '.join(served.targets)}"
    if served is not None and served.requests is not None:
        callers = f": {users_of(served)}" if served.callers else ""
        yield f"got {served.requests:,.0f} requests, the last {_when(served)}{callers}"
    elif served is not None and not served.targets:
        yield f"last served {_when(served)} ({served.told_by})"
    if use.unknown:
        yield f"may still be used: {use.unknown}"


def _when(served: Served) -> str:
    return moment_text(served.at)


def warn_of_unknown(unknown: Mapping[tuple[str, str], str]) -> None:
    """Warn of the versions that are left out, as nobody can tell whether they are used."""
    if not unknown:
        return
    names = [f"{model}@{version}" for model, version in unknown]
    some = ", ".join(names[:_MOST_VERSIONS]) + (" and others" if len(names) > _MOST_VERSIONS else "")
    why = "; ".join(dict.fromkeys([*unknown.values()][:3]))
    warn(printable(f"nobody can tell whether {some} served, so they count as used ({len(names)}): {why}"))
