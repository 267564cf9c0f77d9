"""What the service counts of itself, for Prometheus.

The format is Prometheus's text exposition (https://prometheus.io/docs/instrumenting/exposition_formats/), as
prometheus_client writes it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry, Counter, Histogram, ProcessCollector, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

from rollbook.web.registries.followed_registry import FollowedRegistry

if TYPE_CHECKING:
    from collections.abc import Iterator

    from prometheus_client.core import Metric

    from rollbook.web.registries.served_registries import ServedRegistries

_METHODS = frozenset(["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"])
_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)


class ServiceMetrics:
    """Requests by route, not by path: however many paths are asked for, there are few routes."""

    def __init__(self, registries: ServedRegistries) -> None:
        self._registry = CollectorRegistry()
        ProcessCollector(registry=self._registry)
        self._requests = Counter(
            "rollbook_http_requests",
            "Requests that were answered.",
            ["method", "route", "status"],
            registry=self._registry,
        )
        self._seconds = Histogram(
            "rollbook_http_request_seconds",
            "From a request's head to the end of its answer.",
            ["route"],
            buckets=_BUCKETS,
            registry=self._registry,
        )
        self._kept = Counter(
            "rollbook_kept_answers",
            "Answers that were given from memory.",
            registry=self._registry,
        )
        self._registry.register(_Standings(registries))

    def heard(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count a request that was answered."""
        self._requests.labels(method if method in _METHODS else "other", route, str(status)).inc()
        self._seconds.labels(route).observe(seconds)

    def answered_from_memory(self) -> None:
        """Count an answer that was kept."""
        self._kept.inc()

    def text(self) -> bytes:
        """Return the metrics as Prometheus reads them."""
        return generate_latest(self._registry)


class _Standings:
    """How the registries stand, told anew each time."""

    def __init__(self, registries: ServedRegistries) -> None:
        self._registries = registries

    def collect(self) -> Iterator[Metric]:
        """Yield what is known of each registry."""
        stale = GaugeMetricFamily(
            "rollbook_registry_stale_seconds",
            "For how long it has not been known whether main has moved; 0 where it is known.",
            labels=["registry"],
        )
        fetches = CounterMetricFamily(
            "rollbook_registry_fetches",
            "Fetches of a registry elsewhere, by how they went.",
            labels=["registry", "outcome"],
        )
        for name in self._registries.names:
            registry = self._registries.served(name)
            stale.add_metric([name], registry.stale_for())
            if isinstance(registry, FollowedRegistry):
                told = registry.following
                counts = {"ok": told.fetched, "failed": told.failed, "rewritten": told.rewritten}
                for outcome, count in counts.items():
                    fetches.add_metric([name, outcome], count)
        yield stale
        yield fetches
