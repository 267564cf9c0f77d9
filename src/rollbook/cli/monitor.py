"""`rollbook monitor [MODEL]`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click

from rollbook.cli import options
from rollbook.cli.monitor_canary import canary_command
from rollbook.cli.monitor_replay import is_replay, print_replay, replay_options
from rollbook.cli.monitor_report import report_command
from rollbook.cli.monitor_usage import usage_command
from rollbook.cli.near_commands import NearCommands
from rollbook.cli.output import print_json, print_table, say, warn
from rollbook.names import moment_text, time_now

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rollbook.integrations.monitor.monitor_memory import Standing
    from rollbook.integrations.monitor.monitor_run import MonitorRun
    from rollbook.integrations.monitor.service import MonitorRound

_COLUMNS = ("version", "check", "state", "since", "figure", "what it says")


class _RunByDefault(NearCommands):
    """A group whose command `run` is meant where none is named: `rollbook monitor MODEL`; and `canary` by
    `rollbook monitor --canary`."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if "--canary" in args and args[0] not in self.list_commands(ctx):
            args = ["canary", *(arg for arg in args if arg != "--canary")]
        is_asked_for_help = any(arg in ctx.help_option_names for arg in args[:1])
        if not is_asked_for_help and (not args or args[0] not in self.list_commands(ctx)):
            args = ["run", *args]
        return super().parse_args(ctx, args)


@click.group("monitor", cls=_RunByDefault)
def command() -> None:
    """Watch the versions that serve: hold what production says against what the policy asks.

    `rollbook monitor [MODEL]` is `rollbook monitor run [MODEL]`, and `rollbook monitor --canary [MODEL]` is
    `rollbook monitor canary [MODEL]`.
    """


@command.command("run")
@click.argument("model", metavar="[MODEL]", required=False)
@click.option("--once", is_flag=True, help="Look once. The default.")
@click.option(
    "--every", metavar="SPAN", help="Go on as a service: look every 30s, 5m, 1h, until told to end."
)
@click.option(
    "--listen",
    metavar="HOST:PORT",
    help="With --every: answer /metrics and /healthz there, for Prometheus and for whoever restarts it.",
)
@click.option("--dry-run", is_flag=True, help="Do nothing and remember nothing: only say how it stands.")
@replay_options
@options.directory
@options.as_json
def run_command(
    model: str | None,
    once: bool,
    every: str | None,
    listen: str | None,
    dry_run: bool,
    as_json: bool,
    **replayed: Any,
) -> None:
    """Ask every check of every version that serves, or of MODEL's, and act on what is in breach.

    Main is read as the remote has it now. A state changes when it was seen as often, and for as long, as the
    policy says; what is missing or too old is unknown. Exits with 0 when all is fine, with 1 while a breach
    stands, with 3 when something is unknown. As a service it tells each round on stderr, ends by SIGTERM or
    SIGINT, and outlives any error of a round. With --replay it only says what it would have seen and done in
    the past.
    """
    if is_replay(replayed):
        if once or every or listen or dry_run:
            raise click.UsageError("--replay goes with --step, --policy and --json alone.")
        print_replay(model, as_json, **replayed)
        return
    if once and every:
        raise click.UsageError("Give either --once or --every.")
    if listen and not every:
        raise click.UsageError("--listen goes with --every.")
    monitor = options.registry().monitor
    if every:
        monitor.serve(
            model, every=every, listen=listen, dry_run=dry_run, show=_tell_json if as_json else _tell
        )
        return
    run = monitor.run(model, dry_run=dry_run)
    if as_json:
        print_json(run)
    else:
        _show(run)
    click.get_current_context().exit(run.exit_code)


def _show(run: MonitorRun) -> None:
    for problem in run.problems:
        warn(problem)
    if not run.standings and not run.unwatched:
        say("nothing is monitored: see `monitoring` in registry/policy.yaml")
        return
    print_table(_COLUMNS, [_row(run, one) for one in run.standings], may_go=("since", "figure"))
    for episode in run.episodes:
        about = f"{episode.model}@{episode.version}"
        if episode.ended is not None:
            say(f"the breach of {about} is over: {episode.because}")
        elif run.is_dry:
            say(f"{about} is in breach by {', '.join(episode.checks)}; nothing is done in a dry run")
    for deed in run.done:
        say(f"done for {deed.model}@{deed.version}: {deed.deed}: {deed.result}")


def _row(run: MonitorRun, standing: Standing) -> list[str]:
    value, candidate = run.value_of(standing), standing.candidate
    said = standing.message
    if candidate is not None and not said.startswith("unknown since"):
        often = "once" if standing.times == 1 else f"{standing.times} times in a row"
        said = f"{said} (seen as {candidate.value} {often})"
    return [
        f"{standing.model}@{standing.version}",
        standing.check,
        standing.state.value,
        moment_text(standing.since),
        "" if value is None else f"{value:g}",
        said,
    ]


def _tell(this_round: MonitorRound) -> None:
    at = time_now()
    for line in _lines(this_round):
        say(f"{at} {line}")


def _tell_json(this_round: MonitorRound) -> None:
    error = {"kind": this_round.kind, "message": this_round.message} if this_round.kind else None
    told = {"at": time_now(), "seconds": round(this_round.seconds, 3), "error": error, "run": this_round.run}
    click.echo(json.dumps(told), err=True)


def _lines(this_round: MonitorRound) -> Iterator[str]:
    run = this_round.run
    if run is None:
        yield f"error {this_round.kind}: {this_round.message}"
        return
    states = [one["state"] for one in run["standings"]]
    counted = ", ".join(f"{states.count(state)} {state}" for state in sorted(set(states)))
    yield f"run of {this_round.seconds:.1f} s: {counted or 'nothing to watch'}"
    for one in run["standings"]:
        if one["state"] != "ok":
            yield f"{one['state']} {one['model']}@{one['version']} {one['check']}: {one['message']}"
    for one in run["done"]:
        yield f"done {one['deed']} for {one['model']}@{one['version']}: {one['result']}"
    for problem in run["problems"]:
        yield f"problem {problem}"


command.add_command(canary_command)
command.add_command(report_command)
command.add_command(usage_command)
