"""What MLflow's runs and logged models say of a version, as fields of its manifest.

Pure: entities of MLflow's go in, fields come out. All of it is what others wrote, so it is bounded, and what
a manifest can't hold is left out and told.
"""

from __future__ import annotations

import math
import re
import sys
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from rollbook.names import time_text
from rollbook.propose.facts_files import lawful
from rollbook.transfer.mlflow.parameter_values import parameter_value
from rollbook.transfer.mlflow.stranger_text import kept_address, kept_line, kept_text
from rollbook.transfer.mlflow.tracked_data_sets import tracked_data_sets

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from mlflow.entities import Experiment, LoggedModel, Metric, Run

_MOST = 1000  # entries of a mapping, as the schema has it
# Characters of all parameters together, and of all tags: a manifest has at most a mebibyte.
_MOST_PARAMETERS = 40_000
_MOST_TAGS = 20_000
_LONGEST_TAG = 1000
_SHOWN = 5
_OF_BOTH = ("hyperparameters", "metrics")  # told by a run and by a logged model
_MOST_LINES = 20
_COMMIT = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")
_LATEST = 253_402_300_799_000  # the end of the year 9999, in milliseconds
# Tags of MLflow's own that say what stands in other fields, or nothing that is meant for people.
_OWN = re.compile(
    r"mlflow\.(?:log-model\.history|loggedModels|loggedArtifacts|modelVersions|source\.git\..*|source\.name"
    r"|source\.type|user|runName|note\.content|autologging|databricks\..*)"
)
# The commit of the code, under the names that MLflow and Databricks have.
_GIT = (
    ("mlflow.source.git.commit", "mlflow.source.git.repoURL", "mlflow.source.git.branch"),
    (
        "mlflow.databricks.gitRepoCommit",
        "mlflow.databricks.gitRepoUrl",
        "mlflow.databricks.gitRepoReference",
    ),
)


@dataclass(frozen=True, slots=True)
class MlflowFacts:
    """What MLflow tells of a version: `fields` of the manifest, what goes to `extra.mlflow`, and a line for
    each thing that was left out."""

    fields: Mapping[str, Any] = field(default_factory=dict)
    extra: Mapping[str, Any] = field(default_factory=dict)
    left_out: tuple[str, ...] = ()


def run_facts(run: Run, experiment: Experiment | None = None, link: str = "") -> MlflowFacts:
    """Return what a run says: parameters, the last metrics, code, data, when it ran, and its lineage. `link`
    is where the run can be looked at."""
    data, info = run.data, run.info
    tags: Mapping[str, str] = data.tags
    params, no_params = _parameters(data.params)
    metrics, no_numbers, no_metrics = _metrics(data.metrics)
    trained_on, other_data, no_data = tracked_data_sets(run.inputs.dataset_inputs if run.inputs else ())
    code, no_code = _code(tags)
    lineage = _present(
        data=trained_on,
        code=code,
        run=_present(tool="mlflow", id=kept_line(info.run_id), uri=kept_address(link)),
    )
    fields = _present(
        algorithm=kept_line(tags.get("estimator_name", "")),
        hyperparameters=params,
        metrics=metrics,
        training=_training(info.start_time, info.end_time),
        lineage=lineage,
    )
    run_tags, no_tags = _tags(tags)
    extra = _present(
        run_id=kept_line(info.run_id),
        run_name=kept_line(info.run_name or tags.get("mlflow.runName", "")),
        run_status=kept_line(info.status or ""),
        experiment_id=kept_line(info.experiment_id),
        experiment=kept_line(experiment.name) if experiment else "",
        **_origin(tags, str(info.user_id or "")),
        run_note=kept_text(tags.get("mlflow.note.content", ""), _LONGEST_TAG),
        run_tags=run_tags,
        other_data=other_data[:100],
        other_metrics=no_numbers,
    )
    return MlflowFacts(fields, extra, (*no_params, *no_metrics, *no_data, *no_code, *no_tags))


def logged_model_facts(model: LoggedModel) -> MlflowFacts:
    """Return what a logged model says: its own parameters and the last of its metrics, and what its run may
    not tell, as it may be gone."""
    params, no_params = _parameters({str(key): str(value) for key, value in (model.params or {}).items()})
    metrics, no_numbers, no_metrics = _metrics(_last(model.metrics or []))
    code, no_code = _code(model.tags or {})
    run = _present(tool="mlflow", id=kept_line(model.source_run_id)) if model.source_run_id else None
    fields = _present(
        hyperparameters=params,
        metrics=metrics,
        lineage=_present(code=code, run=run),
    )
    model_tags, no_tags = _tags(model.tags or {})
    extra = _present(
        model_id=kept_line(model.model_id),
        model_name=kept_line(model.name or ""),
        model_type=kept_line(model.model_type or ""),
        experiment_id=kept_line(model.experiment_id or ""),
        run_id=kept_line(model.source_run_id or ""),
        **_origin(model.tags or {}, ""),
        model_tags=model_tags,
        other_metrics=no_numbers,
    )
    return MlflowFacts(fields, extra, (*no_params, *no_metrics, *no_code, *no_tags))


def facts_of_both(logged: LoggedModel | None, run: MlflowFacts) -> MlflowFacts:
    """Return what a run and its logged model say. Of the same name, the model's own parameter or metric is
    meant; of all else, what the run says."""
    if logged is None:
        return run
    of_model = logged_model_facts(logged)
    own = {key: of_model.fields[key] for key in _OF_BOTH if key in of_model.fields}
    return joined(of_model, run, MlflowFacts(own))


def joined(*told: MlflowFacts) -> MlflowFacts:
    """Return several facts as one: of the same entry the later is kept, and no more of them than a manifest
    holds."""
    fields: dict[str, Any] = {}
    extra: dict[str, Any] = {}
    for whole, parts in ((fields, [one.fields for one in told]), (extra, [one.extra for one in told])):
        for part in parts:
            for key, value in part.items():
                whole[key] = {**whole[key], **value} if isinstance(whole.get(key), dict) else value
    left_out = [line for one in told for line in one.left_out]
    for name in _OF_BOTH:
        if (more := len(fields.get(name, ())) - _MOST) > 0:
            fields[name] = dict([*fields[name].items()][:_MOST])
            left_out += _said(name, more, [])
    return MlflowFacts(fields, extra, tuple(dict.fromkeys(left_out)))


def manifest_fields(told: MlflowFacts, **own: str | None) -> dict[str, Any]:
    """Return the fields of a manifest with what goes to `extra.mlflow` in its place, `own` before it."""
    first = {key: kept_text(value, 2048) for key, value in own.items() if value}
    lines = [kept_text(line, 500) for line in told.left_out[:_MOST_LINES]]
    return {
        **told.fields,
        "extra": {"mlflow": {**first, **told.extra, **first, **_present(left_out=lines)}},
    }


def _present(**values: Any) -> dict[str, Any]:
    return {key: value for key, value in values.items() if value not in ("", None, {}, [])}


def _parameters(told: Mapping[str, str]) -> tuple[dict[str, Any], list[str]]:
    values: dict[str, Any] = {}
    budget = _MOST_PARAMETERS
    for name in sorted(told)[:_MOST]:
        budget -= len(name) + len(told[name])
        if budget >= 0:
            values[kept_line(name)] = parameter_value(told[name])
    values, unlawful = lawful("hyperparameters", values)
    return values, _said("parameters", len(told) - len(values), unlawful)


def _metrics(told: Mapping[str, float]) -> tuple[dict[str, float], dict[str, Any], list[str]]:
    """Return the metrics that a manifest holds as such; those that it can't, with their values; and a line
    on what is in neither."""
    finite = {name: value for name, value in sorted(told.items()) if _is_finite(value)}
    values, _ = lawful("metrics", dict([*finite.items()][:_MOST]))
    # A name, or a value (NaN, infinity), that a manifest does not have.
    rest = {kept_line(name): told[name] for name in sorted(told) if name not in values}
    others: dict[str, Any] = {
        name: value if _is_finite(value) else str(value) for name, value in [*rest.items()][:100] if name
    }
    return values, others, _said("metrics", len(told) - len(values) - len(others), [])


def _is_finite(value: float) -> bool:
    """Whether a metric is a finite number; MLflow's databases keep infinity as the largest one there is."""
    return math.isfinite(value) and abs(value) < sys.float_info.max


def _last(metrics: Iterable[Metric]) -> dict[str, float]:
    """Return of each metric the value of the last step, of these the latest."""
    last: dict[str, Metric] = {}
    for one in metrics:
        before = last.get(one.key)
        if before is None or (before.step or 0, before.timestamp or 0) <= (one.step or 0, one.timestamp or 0):
            last[one.key] = one
    return {key: float(one.value) for key, one in last.items()}


def _tags(told: Mapping[str, str]) -> tuple[dict[str, str], list[str]]:
    kept: dict[str, str] = {}
    budget = _MOST_TAGS
    names = sorted(name for name in told if not _OWN.fullmatch(name))
    for name in names[:_MOST]:
        text = kept_text(told[name], _LONGEST_TAG)
        budget -= len(name) + len(text)
        if budget >= 0 and (known := kept_line(name)):
            kept[known] = text
    return kept, _said("tags", len(names) - len(kept), [])


def _code(tags: Mapping[str, str]) -> tuple[dict[str, Any], list[str]]:
    for commit_tag, url_tag, branch_tag in _GIT:
        commit = tags.get(commit_tag, "").strip()
        if not commit:
            continue
        if not _COMMIT.fullmatch(commit):
            return {}, [f"{commit_tag}: {kept_line(commit)[:60]!r} is no full id of a commit"]
        dirty = {"true": True, "false": False}.get(tags.get("mlflow.source.git.dirty", "").lower())
        return _present(
            repository=kept_address(tags.get(url_tag, "")),
            commit=commit,
            branch=kept_line(tags.get(branch_tag, "")),
            dirty=dirty,
        ), []
    return {}, []


def _origin(tags: Mapping[str, str], user: str) -> dict[str, str]:
    """Return what started a run, and who."""
    return {
        "user": kept_line(tags.get("mlflow.user") or user),
        "source_name": kept_line(tags.get("mlflow.source.name", "")),
        "source_type": kept_line(tags.get("mlflow.source.type", "")),
    }


def _training(start: int | None, end: int | None) -> dict[str, Any]:
    """Return when a run ran; its times are milliseconds since 1970, and none is kept that can't be one."""
    times = [time if time and 0 < time <= _LATEST else None for time in (start, end)]
    began, ended = times
    if began and ended and ended < began:
        ended = None
    return _present(
        started_at=time_text(began // 1000) if began else None,
        ended_at=time_text(ended // 1000) if ended else None,
        duration_seconds=(ended - began) / 1000 if began and ended else None,
    )


def _said(what: str, missing: int, unlawful: Iterable[str]) -> list[str]:
    return [*_lines(what, missing, [kept_line(name)[:60] for name in unlawful])]


def _lines(what: str, missing: int, names: list[str]) -> Iterator[str]:
    if missing > 0:
        which = f": {', '.join(names[:_SHOWN])}{', ...' if missing > _SHOWN else ''}" if names else ""
        yield f"{what}: {missing} that a manifest can't hold{which}"
