"""`rollbook monitor run --replay START..END`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from rollbook.cli import options
from rollbook.cli.output import print_json, print_table, say
from rollbook.cli.step_bar import step_bar
from rollbook.names import moment_text

if TYPE_CHECKING:
    from collections.abc import Callable

    from rollbook.integrations.monitor.replay.replay_result import PastEpisode, Replay, Track

    Command = Callable[..., Any]


def replay_options(command: Command) -> Command:
    """`--replay`, `--step` and `--policy`."""
    replayed = click.option(
        "--replay",
        metavar="START..END",
        help="Say what it would have seen and done in a past period (`7d..`: the last week). Writes nothing.",
    )
    step = click.option(
        "--step", metavar="SPAN", help="With --replay: how far apart two runs are. Default: 1h."
    )
    policy = click.option(
        "--policy",
        metavar="FILE",
        type=click.Path(dir_okay=False, path_type=Path),
        help="With --replay: a policy to try in the place of main's. Its sources are asked.",
    )
    return replayed(step(policy(command)))


def is_replay(given: dict[str, Any]) -> bool:
    """Return whether a replay is asked for. Raises UsageError for what goes only with one."""
    if given["replay"] is None and (given["step"] or given["policy"]):
        raise click.UsageError("--step and --policy go with --replay START..END.")
    return given["replay"] is not None


def print_replay(
    model: str | None, as_json: bool, *, replay: str, step: str | None, policy: Path | None
) -> None:
    """Replay a period, and print what would have been seen and done."""
    with step_bar("replaying") as bar:
        replayed = options.registry().monitor.replay(
            replay, model, step=step or "1h", policy=policy, progress=bar
        )
    if as_json:
        print_json(replayed)
        return
    for note in replayed.notes:
        say(note)
    if not replayed.tracks:
        say("nothing was monitored then: see `monitoring` in registry/policy.yaml")
        return
    _print_tables(replayed)


def _print_tables(replayed: Replay) -> None:
    click.echo(
        f"{replayed.steps} runs from {moment_text(replayed.period.start)}, by {replayed.policy}'s checks\n"
    )
    print_table(
        [
            "version",
            "check",
            "ok",
            "warning",
            "breach",
            "unknown",
            "breaches",
            "flaps",
            "changes",
            "undamped",
        ],
        [_track_row(track) for track in replayed.tracks],
    )
    if replayed.changes:
        click.echo()
        print_table(
            ["at", "version", "check", "from", "to", "what it said"],
            [
                [
                    moment_text(one.at),
                    f"{one.model}@{one.version}",
                    one.check,
                    one.before.value if one.before else "",
                    one.after.value,
                    one.message,
                ]
                for one in replayed.changes
            ],
        )
    click.echo()
    if not replayed.episodes:
        click.echo("no episode: no check was in breach")
        return
    print_table(
        ["in breach from", "until", "version", "checks", "what would have been done"],
        [_episode_row(one) for one in replayed.episodes],
    )


def _track_row(track: Track) -> list[str]:
    shares = [f"{share:.1%}" for share in track.shares.values()]
    counts = map(str, (track.breaches, track.flaps, track.changes, track.undamped_changes))
    return [f"{track.model}@{track.version}", track.settings.name, *shares, *counts]


def _episode_row(past: PastEpisode) -> list[str]:
    episode = past.episode
    until = moment_text(episode.ended) if episode.ended else "(lasts)"
    done = "; ".join(deed.says for deed in past.deeds) or "nothing"
    checks = ", ".join(episode.checks)
    return [moment_text(episode.started), until, f"{episode.model}@{episode.version}", checks, done]
