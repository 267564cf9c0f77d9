"""What happens to a proposal once it is made: it is told, and pushed, opened as a pull request, or landed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from rollbook.cli.output import print_json, say, warn
from rollbook.text import printable

if TYPE_CHECKING:
    from rollbook.api.public_registry import Registry
    from rollbook.propose.landing import Landing
    from rollbook.propose.promotion import ProposedMove


def carry_on(registry: Registry, branch: str, *, then: str | None, quiet: bool) -> dict[str, object]:
    """Do with a proposal's branch what is asked, tell a person, and return what is to be added to the JSON.

    `then` is "push", "pr", "land" or None. Unless `quiet`, the branch's name is the command's result on
    stdout; after landing, the tags are.
    """
    from rollbook.propose.proposal import pull_request_hint

    if then == "land":
        from rollbook.cli.land import report_landing

        landing = _landed(registry, branch)
        if not quiet:
            report_landing(landing)
        return {"landed": landing.commit, "tags": [event.tag for event in landing.events]}
    pushed = registry.push(branch) if then else None
    opened = registry.open_pull_request(branch) if then == "pr" else None
    if not quiet:
        click.echo(branch)
        if pushed:
            say(f"pushed to {pushed}")
        hint = pull_request_hint(registry.repository, branch)
        say(f"pull request: {printable(opened)}" if opened else hint)
    return {"pushed": pushed, "pull_request": opened}


def _landed(registry: Registry, branch: str) -> Landing:
    """Land what was just proposed. What is refused leaves no branch, unless others can still let it pass."""
    from rollbook.check.finding import errors_among
    from rollbook.cli.land import land_branch
    from rollbook.errors import Refused
    from rollbook.propose.proposal import ChangeRefused, drop_unpushed
    from rollbook.registry.main_branch import has_remote, remote_name

    try:
        return land_branch(registry, branch)
    except Refused as refusal:
        if isinstance(refusal, ChangeRefused) and not errors_among(refusal.findings).standing:
            remote = remote_name(registry.repository) if has_remote(registry.repository) else None
            how = f"; let others see it: git push {remote} {branch}" if remote else ""
            say(f"the request waits on the branch {branch}{how}")
        else:
            drop_unpushed(registry.repository, branch)
        raise


def report_move(registry: Registry, proposed: ProposedMove, *, then: str | None, as_json: bool) -> None:
    """Print what a proposal moves, and carry on with it as asked."""
    if not as_json:
        for move in proposed.moves:
            way = f"{move.target}, {move.changed}" if move.changed else f"{move.start} -> {move.target}"
            say(printable(f"{proposed.model}@{move.version}: {way}"))
        if proposed.waived:
            say(f"waived for the rollback: {', '.join(proposed.waived)}")
        if despite := proposed.moves[-1].entry.get("despite"):
            say(printable(f"set aside: {', '.join(despite['evidence'])} ({despite['reason']})"))
    # What lands tells its warnings itself.
    for warning in () if then == "land" else proposed.warnings:
        warn(warning.message)
    carried = carry_on(registry, proposed.branch, then=then, quiet=as_json)
    if as_json:
        print_json({**proposed.as_document(), **carried})
