"""Versions of one model side by side, and the best of them by a metric."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from rollbook.errors import BadCall, NotFound
from rollbook.insight.compare.metric import (
    finite,
    is_lower_better,
    measured,
    newest_evidence,
    require_one_direction,
)
from rollbook.insight.tabular import Tabular
from rollbook.names import PRODUCTION, parse_reference, precedence

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from rollbook.insight.tabular import TypedColumn
    from rollbook.records.manifest import Manifest
    from rollbook.registry.model_version import ModelVersion
    from rollbook.registry.registry import Model


@dataclass(frozen=True, slots=True)
class Figure:
    """One metric of one version. `value` is None where it was not measured, or is no finite number.

    `best` marks the best of those compared; equal ones are all marked. `change` is the difference to the
    baseline's value; None for the baseline itself, and where one of the two is missing.
    """

    value: float | None
    best: bool = False
    change: float | None = None


@dataclass(frozen=True, slots=True)
class Compared:
    """One of the versions compared. `size` is in bytes; `metrics` has every metric that is compared.

    `metrics_from` is what says them: `manifest`, or the name of the evidence, empty where there is none.
    `evidence` is the newest of each kind, with how it went, e.g. `fairness-2 failed`.
    """

    version: str
    stage: str
    aliases: tuple[str, ...]
    created_at: str
    size: int
    metrics: Mapping[str, Figure]
    metrics_from: str = ""
    evidence: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Difference:
    """A fact that is not the same in all versions: its values in the order of the versions, None where it
    is not given."""

    name: str
    values: tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Comparison(Tabular):
    """Versions of a model side by side.

    `baseline` is the version in production, which changes are against, whether it is among those compared
    or not; None without one. `evidence` is the kind of evidence that gave the metrics, empty when the
    manifests did. `lower_is_better` names the metrics read that way.
    """

    model: str
    baseline: str | None
    evidence: str
    lower_is_better: tuple[str, ...]
    versions: tuple[Compared, ...]
    hyperparameters: tuple[Difference, ...]
    data: Difference | None
    code: Difference | None

    @property
    def metrics(self) -> list[str]:
        """The names of the metrics compared."""
        return list(self.versions[0].metrics) if self.versions else []

    def as_document(self) -> dict[str, Any]:
        """Return the comparison as JSON data."""
        return {
            "model": self.model,
            "baseline": self.baseline,
            "metrics_from": self.evidence or "manifest",
            "lower_is_better": list(self.lower_is_better),
            "versions": [asdict(item) for item in self.versions],
            "differences": {
                "hyperparameters": {item.name: list(item.values) for item in self.hyperparameters},
                "data": None if self.data is None else list(self.data.values),
                "code": None if self.code is None else list(self.code.values),
            },
        }

    def table_columns(self) -> list[TypedColumn]:
        """Return the columns of a table with a row for each version."""
        from rollbook.insight.compare.comparison_table import as_columns

        return as_columns(self)

    def _repr_html_(self) -> str:
        from rollbook.insight.compare.comparison_table import as_rows
        from rollbook.insight.display import display, row_table

        against = f", changes against {self.baseline}" if self.baseline else ""
        return display(f"{self.model}{against}", row_table(*as_rows(self)))

    def to_dataframe(self) -> Any:
        """Return a pandas DataFrame with a row for each version, which is its index; needs the extra
        `pandas`. See `to_pandas`."""
        from rollbook.insight.compare.comparison_table import as_dataframe

        return as_dataframe(self)


@dataclass(frozen=True, slots=True)
class Best:
    """The best version by a metric, what says so (`manifest`, or the name of the evidence), and the names of
    those that don't give it as a finite number."""

    version: ModelVersion
    metric: str
    value: float
    without: tuple[str, ...]
    metrics_from: str
    stage: str

    def as_document(self) -> dict[str, Any]:
        """Return the version and what says that it is the best as JSON data."""
        return {
            "model": self.version.model.name,
            "version": self.version.version,
            "stage": self.stage,
            "metric": self.metric,
            "value": self.value,
            "metrics_from": self.metrics_from,
            "commit": self.version.model.registry.snapshot.commit,
            "path": self.version.artifact_path,
            "sha256": self.version.manifest.artifact.sha256,
            "without": list(self.without),
        }


def compare(
    model: Model,
    versions: Sequence[str] = (),
    metrics: Sequence[str] = (),
    *,
    lower_is_better: Collection[str] = (),
    higher_is_better: Collection[str] = (),
    evidence: str = "",
) -> Comparison:
    """Put versions of a model side by side.

    `versions` are versions, stages, aliases, `latest` or whole references to this model; without any they
    are the version in production, those in the stages before it, and the newest. `metrics` are all that
    the versions give when none is named; with a kind of `evidence` they are those of the newest such
    evidence instead of the manifest's. Raises NotFound for a version or metric that there is not.
    """
    require_one_direction(lower_is_better, higher_is_better)
    baseline = _baseline(model)
    chosen = _read(model, [_named(model, text) for text in versions] or default_versions(model))
    sources = [measured(item, evidence) for item in chosen]
    measurements = [item.metrics for item in sources]
    names = list(dict.fromkeys(metrics or (name for item in measurements for name in item)))
    _require_measured(model, measurements, metrics)
    lower = tuple(
        name for name in names if is_lower_better(name, lower=lower_is_better, higher=higher_is_better)
    )
    before = measured(baseline, evidence).metrics if baseline else {}
    others = [baseline is None or item.version != baseline.version for item in chosen]
    metric_values = {
        name: _figures(
            [item.get(name) for item in measurements], before.get(name), others, lower=name in lower
        )
        for name in names
    }
    manifests = [item.manifest for item in chosen]
    return Comparison(
        model=model.name,
        baseline=baseline.version if baseline else None,
        evidence=evidence,
        lower_is_better=lower,
        versions=tuple(
            _compared(item, {name: metric_values[name][place] for name in names}, sources[place].source)
            for place, item in enumerate(chosen)
        ),
        hyperparameters=_differing_parameters(manifests),
        data=_difference("data", [_data(manifest) for manifest in manifests]),
        code=_difference("code", [_code(manifest) for manifest in manifests]),
    )


def default_versions(model: Model) -> list[str]:
    """Return the version in production, those in the stages between the first and production, and the newest.

    Without a stage `production` in the policy, all stages but the first count.
    """
    stages = [stage.name for stage in model.registry.policy.stages]
    ahead = stages[1 : stages.index(PRODUCTION)] if PRODUCTION in stages else stages[1:]
    staged = [entry.version for stage in (PRODUCTION, *ahead) for entry in model.stages.holders(stage)]
    holders = [version for version in staged if version in model.version_names]
    newest = [model.latest.version] if model.latest else []
    return list(dict.fromkeys([*holders, *newest]))


def best(
    model: Model,
    metric: str,
    *,
    lower_is_better: bool | None = None,
    stage: str | None = None,
    evidence: str = "",
) -> Best:
    """Find the best version of a model by a metric, in one stage or in all; of equal ones the newest.

    None for `lower_is_better` lets the metric's name tell; a kind of `evidence` is as in `compare`. Raises
    NotFound when no version gives a finite number.
    """
    versions = model.versions()
    if stage is not None:
        model.registry.policy.stage(stage)
        versions = [item for item in versions if item.stage == stage]
    sources = {item.version: measured(item, evidence) for item in versions}
    measured_versions = [(item, finite(sources[item.version].metrics.get(metric))) for item in versions]
    values = [(item, value) for item, value in measured_versions if value is not None]
    if not values:
        where = f" in {stage}" if stage else ""
        raise NotFound(
            f"no version of {model.name}{where} gives the metric {metric[:100]!r}",
            hint=_known_metrics([source.metrics for source in sources.values()], metric),
        )
    lower = is_lower_better(metric) if lower_is_better is None else lower_is_better
    winner, value = max(
        values, key=lambda pair: (-pair[1] if lower else pair[1], precedence(pair[0].version))
    )
    without = tuple(item.version for item, value in measured_versions if value is None)
    return Best(winner, metric, value, without, sources[winner.version].source, winner.stage)


def _baseline(model: Model) -> ModelVersion | None:
    holders = [entry.version for entry in model.stages.holders(PRODUCTION)]
    registered = [version for version in holders if version in model.version_names]
    return model.version(max(registered, key=precedence)) if registered else None


def _named(model: Model, text: str) -> str:
    """Return the version that a user names, in full or without the model."""
    reference = parse_reference(text if "@" in text or "#" in text else f"{model.name}@{text}")
    if reference.model != model.name:
        raise BadCall(f"{str(reference)[:200]!r} is no version of {model.name}")
    return model.select(reference).version


def _read(model: Model, versions: Iterable[str]) -> Sequence[ModelVersion]:
    names = list(dict.fromkeys(versions))
    if not names:
        raise NotFound(f"{model.name} has no versions yet")
    return model.versions(names)


def _require_measured(model: Model, measured: Sequence[Mapping[str, float]], names: Sequence[str]) -> None:
    for metric in names:
        if not any(metric in metrics for metrics in measured):
            raise NotFound(
                f"none of these versions of {model.name} gives the metric {metric[:100]!r}",
                hint=_known_metrics(measured, metric),
            )


def _known_metrics(measured: Sequence[Mapping[str, float]], metric: str) -> str:
    from rollbook.errors import nearest

    return nearest(metric, list(dict.fromkeys(name for item in measured for name in item if name != metric)))


def _figures(
    given: Sequence[object], before: object, changed: Sequence[bool], *, lower: bool
) -> list[Figure]:
    """One metric of all versions; `before` is the baseline's, `changed` says which versions are others."""
    values = [finite(value) for value in given]
    top = (min if lower else max)((value for value in values if value is not None), default=None)
    baseline = finite(before)
    return [
        Figure(value, value is not None and value == top, _change(value, baseline) if differs else None)
        for value, differs in zip(values, changed, strict=True)
    ]


def _change(value: float | None, before: float | None) -> float | None:
    return None if value is None or before is None else finite(value - before)


def _compared(item: ModelVersion, metrics: Mapping[str, Figure], source: str) -> Compared:
    evidence = sorted(newest_evidence(item).values(), key=lambda result: result.kind)
    return Compared(
        version=item.version,
        stage=item.stage,
        aliases=tuple(item.aliases),
        created_at=item.manifest.created_at,
        size=item.manifest.artifact.size,
        metrics=metrics,
        metrics_from=source,
        evidence=tuple(f"{result.name} {'passed' if result.passed else 'failed'}" for result in evidence),
    )


def _differing_parameters(manifests: Sequence[Manifest]) -> tuple[Difference, ...]:
    names = dict.fromkeys(name for manifest in manifests for name in manifest.hyperparameters)
    differences = (
        _difference(name, [manifest.hyperparameters.get(name) for manifest in manifests]) for name in names
    )
    return tuple(difference for difference in differences if difference is not None)


def _difference(name: str, values: Sequence[Any]) -> Difference | None:
    # By their text, so that NaN is the same as NaN, and 1 is not the same as true.
    return Difference(name, tuple(values)) if len({repr(value) for value in values}) > 1 else None


def _data(manifest: Manifest) -> tuple[str, ...] | None:
    from rollbook.records.lineage import parse_origin

    return tuple(str(item) for item in parse_origin(manifest).chain.trained_on) or None


def _code(manifest: Manifest) -> str | None:
    from rollbook.records.lineage import parse_origin

    return ", ".join(str(code) for code in parse_origin(manifest).codes) or None
