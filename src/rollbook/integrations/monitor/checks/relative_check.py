"""The check that a live figure stays near a baseline: what was registered, at the promotion, or of the
version before."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rollbook.check.gates.gate import SettingsSchema, ref, setting
from rollbook.errors import InvalidFile
from rollbook.integrations.monitor.bounds import SETTINGS, Bounds
from rollbook.integrations.monitor.checks.baselines import BASELINES, NoFigure, newest_figure
from rollbook.integrations.monitor.outcome import State

if TYPE_CHECKING:
    from rollbook.integrations.monitor.checks.baselines import Baseline
    from rollbook.integrations.monitor.checks.check import Asked
    from rollbook.integrations.monitor.outcome import Outcome
    from rollbook.records.fields import Fields

_LIMITS = ("max_drop", "max_rise", "max_drop_percent", "max_rise_percent")


def _limit(name: str) -> dict[str, Any]:
    way = "below" if "drop" in name else "above"
    unit = "per cent of the baseline" if name.endswith("percent") else "the figure's own unit"
    warns = name.startswith("warn_")
    title = name.removeprefix("warn_").removeprefix("max_").replace("_", " ").capitalize()
    return setting(
        f"{title} that warns" if warns else f"Most {title.lower()}",
        f"A {'warning' if warns else 'breach'} is what is further {way} the baseline than this, in {unit}.",
        5 if name.endswith("percent") else 0.02,
        type="number",
        minimum=0,
    )


class RelativeCheck:
    """`{check: relative, name: auc-kept, source: live, metric: auc, to: registered, max_drop: 0.02}`"""

    name = "relative"
    sentence = "A live figure is near what was registered, seen at the promotion, or seen of the one before."
    schema = SettingsSchema(
        "A figure that a source tells of the version must stay near a baseline; the newest one counts.",
        {
            "metric": setting("Metric", "The figure's name, as the source has it.", "auc", **ref("line")),
            "query": setting(
                "Query",
                "What the source is asked, where its kind takes a query; {model}, {version} and {window} "
                "(seconds) are filled in.",
                'avg(auc{version="{version}"})',
                type="string",
                maxLength=4000,
            ),
            "samples_query": setting(
                "Query for samples",
                "What the source is asked for how many observations the figure rests on.",
                'sum(increase(requests_total{version="{version}"}[{window}s]))',
                type="string",
                maxLength=4000,
            ),
            "to": setting(
                "Baseline",
                "What the figure is held against: the `registered` metric (of the manifest, else of the "
                "newest evaluation evidence), the version's own figure in the first window after its "
                "`promotion` into its stage, or that of the `previous` version in its last window there.",
                "registered",
                type="string",
                enum=list(BASELINES),
            ),
            "registered_metric": setting(
                "Registered metric",
                "The metric's name in the manifest or the evidence, where it has another name there.",
                "test_auc",
                **ref("line"),
            ),
            **{f"{before}{name}": _limit(f"{before}{name}") for before in ("", "warn_") for name in _LIMITS},
            "margin": SETTINGS["margin"],
        },
        example={"name": "auc-kept", "source": "live", "metric": "auc", "to": "registered", "max_drop": 0.02},
        required=("metric", "to"),
    )

    def judge(self, asked: Asked) -> Outcome:
        """Judge how far the newest figure of the window is from the baseline."""
        fields = asked.settings.fields()
        metric, limits = fields.text("metric"), _limits(fields)
        try:
            baseline = _baseline(asked, fields)
        except NoFigure as error:
            return asked.outcome(State.UNKNOWN, f"no baseline: {error}")
        question = asked.question(
            metric, fields.optional_text("query"), fields.optional_text("samples_query")
        )
        try:
            figure, query = newest_figure(asked.source, question, asked.settings.min_samples)
        except NoFigure as error:
            return asked.outcome(State.UNKNOWN, str(error), figures={"baseline": baseline.value})
        change = figure.value - baseline.value
        figures = {"baseline": baseline.value, "change": change}
        if limits.percent is not None and not baseline.value:
            message = f"the baseline is 0 ({baseline.words}): there is no percentage of it"
            return asked.outcome(State.UNKNOWN, message, query=query, value=figure.value, figures=figures)
        if baseline.value:
            figures["change_percent"] = 100 * change / abs(baseline.value)
        state, held = limits.judge(change, figures.get("change_percent", 0.0))
        return asked.outcome(
            state,
            f"{metric} is {figure.value:g}, {baseline.value:g} {baseline.words}; asked {limits}",
            held=held,
            query=query,
            value=figure.value,
            bound=str(limits),
            samples=figure.samples,
            figures=figures,
        )


def _baseline(asked: Asked, fields: Fields) -> Baseline:
    kind = fields.text("to")
    if kind not in BASELINES:
        message = f"there is no baseline {kind[:40]!r}"
        hint = f"Write one of {', '.join(BASELINES)}."
        raise InvalidFile(message, path=fields.path, key=fields.key_of("to"), hint=hint)
    return BASELINES[kind](asked, fields)


@dataclass(frozen=True, slots=True)
class _Limits:
    """Bounds on how far a figure may be from its baseline, in its own unit and in per cent of it; None where
    nothing is said."""

    absolute: Bounds | None
    percent: Bounds | None

    def judge(self, change: float, percent: float) -> tuple[State, State]:
        """Return the state that a change calls for, and the worst state that it is not yet out of."""
        pairs = [
            bounds.judge(value)
            for bounds, value in ((self.absolute, change), (self.percent, percent))
            if bounds is not None
        ]
        states, held = zip(*pairs, strict=True)
        return max(states, key=_badness), max(held, key=_badness)

    def __str__(self) -> str:
        parts = [f"a change {self.absolute}"] if self.absolute else []
        parts += [f"a change in per cent {self.percent}"] if self.percent else []
        return " and ".join(parts)


def _badness(state: State) -> int:
    return state.badness


def _limits(fields: Fields) -> _Limits:
    """Read the limits of a check. Raises InvalidFile for a check that has none."""
    limits = _Limits(_bounds(fields, ""), _bounds(fields, "_percent"))
    if limits == _Limits(None, None):
        raise InvalidFile(
            "a check without a bound can't fail",
            path=fields.path,
            key=fields.key_of("max_drop"),
            hint=f"Give one of {', '.join(_LIMITS)}.",
        )
    return limits


def _bounds(fields: Fields, unit: str) -> Bounds | None:
    drop, rise, warn_drop, warn_rise = (
        fields.optional_number(f"{name}{unit}")
        for name in ("max_drop", "max_rise", "warn_max_drop", "warn_max_rise")
    )
    if drop is rise is warn_drop is warn_rise is None:
        return None
    margin = fields.optional_number("margin")
    usual = Bounds()
    return Bounds(
        least=None if drop is None else -drop,
        most=rise,
        warn_least=None if warn_drop is None else -warn_drop,
        warn_most=warn_rise,
        margin=usual.margin if margin is None else margin,
    )


CHECK = RelativeCheck()
