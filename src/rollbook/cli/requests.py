"""`rollbook requests`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from rollbook.cli import options
from rollbook.cli.output import print_json, say
from rollbook.text import printable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rollbook.propose.open_requests import Request, RequestedMove


@click.command("requests")
@click.option("--offline", is_flag=True, help="Do not ask the remote: tell what was last fetched.")
@options.directory
@options.as_json
def command(offline: bool, as_json: bool) -> None:
    """List what is proposed on branches below rollbook/, here and on the remote, and has not landed.

    Each with who proposed it and when, what it waits for and what fails, judged as CI would; and its pull
    request where a token of GitHub's is at hand. The programs of gates are not run.
    """
    listed = options.registry().requests(offline=offline)
    if as_json:
        print_json(listed)
        return
    if not listed:
        say("no request is open")
    for request in listed:
        click.echo("\n".join(printable(line) for line in _lines(request)))


def _lines(request: Request) -> Iterator[str]:
    yield request.branch
    for move in request.moves:
        yield f"  {move.model}@{move.version}: {_what(move)}"
    if not request.moves:
        yield f"  {request.subject}"
    places = " and ".join(place if place == "here" else f"on {place}" for place in request.places)
    yield f"  by {request.by}, {request.since}, {places}"
    if request.pull_request:
        yield f"  pull request: {request.pull_request}"
    yield from (f"  waits for: {reason}" for reason in request.waits_for)
    yield from (f"  fails: {reason}" for reason in request.fails)
    if not request.waits_for and not request.fails:
        yield f"  can land: rollbook land {request.branch}"


def _what(move: RequestedMove) -> str:
    if not move.start:
        return "is registered"
    return f"{move.start} -> {move.target}" if move.start != move.target else f"changes in {move.target}"
