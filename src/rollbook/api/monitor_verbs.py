"""The verbs of the monitor: what production says of the versions that serve."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from rollbook.artifact.progress import quiet
from rollbook.errors import BadCall, InvalidFile

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from rollbook.api.usage_questions import UsedVersions
    from rollbook.artifact.progress import Progress
    from rollbook.integrations.monitor.canary.watching import WatchedCanaries
    from rollbook.integrations.monitor.monitor_run import MonitorRun
    from rollbook.integrations.monitor.replay.replay_result import Replay
    from rollbook.integrations.monitor.service import MonitorRound
    from rollbook.records.policy import Policy
    from rollbook.registry.registry import Registry


class MonitorVerbs:
    """What watches the versions that serve, as the `monitoring` of main's policy says."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry

    def run(self, model: str | None = None, *, dry_run: bool = False) -> MonitorRun:
        """Ask every check of every version that serves, or of one model's, once, and act on what is in
        breach; return how each stands, and what was done.

        `dry_run` changes and remembers nothing. Raises InvalidFile for a policy that can't be used, NotFound
        for an unknown model, Conflict while another monitor is at work in this clone.
        """
        from rollbook.integrations.monitor.running import run_once

        repository = self._registry.repository
        return run_once(repository, datetime.now(UTC), [model] if model else None, dry_run=dry_run)

    def serve(
        self,
        model: str | None = None,
        *,
        every: str = "5m",
        listen: str | None = None,
        dry_run: bool = False,
        show: Callable[[MonitorRound], None] = lambda _: None,
    ) -> None:
        """Do what `run` does every so often, until SIGTERM or SIGINT comes; `show` is told how each went.

        `every` is a span such as `30s` or `5m`; `listen` is the HOST:PORT where `/metrics` and `/healthz`
        answer. A run that fails ends nothing. To be called in the main thread. Raises BadCall for a span or
        an address that can't be one.
        """
        from rollbook.integrations.monitor.service import Service
        from rollbook.records.monitoring import parse_span

        try:
            span = parse_span(every, "", "every")
        except InvalidFile as error:
            raise BadCall(str(error), hint=error.hint) from error
        directory, models = self._registry.repository.directory, [model] if model else None
        if listen is None:
            Service(directory, span, models, dry_run=dry_run, listeners=[show]).run()
            return
        from rollbook.integrations.monitor.own_health import Health, answering

        health = Health(span)
        with answering(listen, health):
            Service(directory, span, models, dry_run=dry_run, listeners=[health.heard, show]).run()

    def canary(self, model: str | None = None, *, dry_run: bool = False) -> WatchedCanaries:
        """Compare each canary, or one model's, with the version in production, and do what the policy's
        `monitoring.canary` lets the monitor do; with `dry_run` say that alone.

        Raises InvalidFile for a policy that can't be used, NotFound for an unknown model.
        """
        from rollbook.integrations.monitor.canary.watching import watch_canaries

        models = [model] if model else None
        return watch_canaries(self._registry.repository, datetime.now(UTC), models, dry_run=dry_run)

    def replay(
        self,
        period: str,
        model: str | None = None,
        *,
        step: str = "1h",
        policy: Path | None = None,
        progress: Progress = quiet,
    ) -> Replay:
        """Return what the monitor would have seen and done over a past period, `START..END` or `7d..`, asked
        every `step`: for tuning what the policy asks. Nothing is written.

        The checks are main's of now, or those of the `policy` in a file, whose sources are asked. Raises
        BadCall for what is no period, and for one of too many steps; InvalidFile for a policy that can't be
        used, NotFound for an unknown model.
        """
        from rollbook.integrations.monitor.replay.replay_period import parse_replay_period, parse_step
        from rollbook.integrations.monitor.replay.replaying import replay

        window = parse_replay_period(period, datetime.now(UTC))
        rules = None if policy is None else (str(policy), _policy_in(policy))
        models = [model] if model else None
        return replay(self._registry.repository, window, parse_step(step), models, rules, progress)

    def report(
        self,
        model: str | None = None,
        *,
        since: str = "7d",
        until: str = "",
        step: str = "1h",
        progress: Progress = quiet,
    ) -> str:
        """Return a page of HTML that shows each check over time, what was in breach, and which versions came
        and went: from `since` (a date, a time, or a span such as `7d` before now) to `until`, by default
        now.

        Raises as `replay` does, and BadCall without matplotlib.
        """
        from rollbook.integrations.forge.configured_forge import file_address
        from rollbook.integrations.monitor.replay.replay_period import parse_step, replay_window
        from rollbook.integrations.monitor.replay.replaying import replay
        from rollbook.integrations.monitor.report.check_plot import require_plots
        from rollbook.integrations.monitor.report.monitor_page import monitor_page

        require_plots()
        repository = self._registry.repository
        window = replay_window(since, until, datetime.now(UTC))
        models = [model] if model else None
        replayed = replay(repository, window, parse_step(step), models, progress=progress)
        address = file_address(repository, replayed.commit)
        return monitor_page(replayed, address, progress)

    def usage(self, model: str | None = None) -> UsedVersions:
        """Return which versions serve or served last, for whom, and who says so: evidence, or the source that
        the policy's `monitoring.usage` names, which is asked. Of all models, or of one.

        Raises InvalidFile for settings that can't be used, NotFound for an unknown model.
        """
        from rollbook.api.usage_questions import used_versions

        return used_versions(self._registry, model, datetime.now(UTC))


def _policy_in(path: Path) -> Policy:
    """Return the policy in a file. Raises BadCall where it can't be read."""
    from rollbook.records.policy import parse_policy
    from rollbook.snapshot.snapshot import MAX_FILE

    try:
        with path.open("rb") as file:
            data = file.read(MAX_FILE + 1)
    except OSError as error:
        message = f"{path} can't be read: {error.strerror}"
        raise BadCall(message, hint="Name a file like registry/policy.yaml.") from error
    if len(data) > MAX_FILE:
        raise BadCall(f"{path} is too large for a policy", hint=f"{MAX_FILE:,} bytes are the most.")
    return parse_policy(data, str(path))
