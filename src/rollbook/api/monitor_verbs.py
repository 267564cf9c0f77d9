"""The verbs of the monitor: what production says of the versions that serve."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from rollbook.integrations.monitor.canary.watching import WatchedCanaries
    from rollbook.integrations.monitor.monitor_run import MonitorRun
    from rollbook.integrations.monitor.service import MonitorRound
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
        from rollbook.errors import BadCall, InvalidFile
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
