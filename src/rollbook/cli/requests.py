"""`rollbook requests`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from rollbook.cli import options
from rollbook.cli.output import print_json, print_lines, say
from rollbook.names import is_alias_target
from rollbook.registry.request_branches import HERE

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rollbook.propose.open_requests import Request, RequestedMove


@click.command("requests")
@click.option("--offline", is_flag=True, help="Do not ask the remote: tell what was last fetched.")
@click.option(
    "--remove-landed", is_flag=True, help="Remove the branches that have landed, here and on the remote."
)
@options.directory
@options.as_json
def command(offline: bool, remove_landed: bool, as_json: bool) -> None:
    """List what is proposed on branches below rollbook/, here and on the remote, and has not landed.

    Each with who proposed it and when, what it waits for and what fails, judged as CI would; and its pull
    request where a token of GitHub's is at hand. The programs of gates are not run.
    """
    if remove_landed:
        if offline:
            raise click.UsageError("Give either --offline or --remove-landed.")
        _remove_landed(as_json=as_json)
        return
    listed = options.registry().requests(offline=offline)
    if as_json:
        print_json(listed)
        return
    if not listed:
        say("no request is open")
    for request in listed:
        print_lines(_lines(request))


def _remove_landed(*, as_json: bool) -> None:
    removed = options.registry().remove_landed_requests()
    if as_json:
        print_json(removed)
        return
    if not removed:
        say("no branch of a request has landed")
    for branch in removed:
        if branch.removed:
            print_lines([f"{branch.branch}: removed {_where(branch.removed)}"])
        for checkout in branch.checkouts:
            say(f"{branch.branch} stays: it is checked out in {checkout}")


def _where(places: Sequence[str]) -> str:
    return " and ".join(place if place == HERE else f"on {place}" for place in places)


def _lines(request: Request) -> Iterator[str]:
    yield request.branch
    for move in request.moves:
        yield f"  {move.model}@{move.version}: {_what(move)}"
    if not request.moves:
        yield f"  {request.subject}"
    yield f"  by {request.by}, {request.since}, {_where(request.places)}"
    if request.pull_request:
        yield f"  pull request: {request.pull_request}"
    yield from (f"  waits for: {reason}" for reason in request.waits_for)
    yield from (f"  fails: {reason}" for reason in request.fails)
    if not request.waits_for and not request.fails:
        yield f"  can land: rollbook land {request.branch}"


def _what(move: RequestedMove) -> str:
    if not move.start:
        return "is registered"
    if is_alias_target(move.target):
        return f"is given {move.target}"
    if is_alias_target(move.start):
        return f"loses {move.start}"
    if move.start == move.target:
        return f"changes in {move.target}"
    return f"{move.start} -> {move.target}"
