"""The schemas of `monitoring` in a policy and in a model.yaml, as sources and checks say of themselves."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rollbook.check.gates.gate import ref, setting
from rollbook.integrations.monitor.canary.canary_schema import CANARY
from rollbook.integrations.monitor.check_kinds import CHECK_KINDS
from rollbook.integrations.monitor.source_kinds import SOURCE_KINDS
from rollbook.records.monitoring import AUTONOMY

if TYPE_CHECKING:
    from rollbook.integrations.monitor.checks.check_kind import CheckKind
    from rollbook.integrations.monitor.question import SourceKind

_SPAN = "^[1-9][0-9]{0,5}[smhdw]$"


def with_monitoring(schema: dict[str, Any], name: str) -> dict[str, Any]:
    """Return the schema of a policy, or of a model.yaml, with its monitoring."""
    checks = [f"monitor-check-{kind}" for kind in CHECK_KINDS]
    sources = [f"monitor-source-{kind}" for kind in SOURCE_KINDS]
    definitions = {key: value for key, value in schema["$defs"].items() if not key.startswith("monitor-")}
    definitions["monitor-span"] = _span_definition()
    actions = "monitor-actions" if name == "policy" else "monitor-own-actions"
    definitions[actions] = _actions(name)
    definitions["monitor-check"] = _one_of(
        "Check", "One check of production, by its kind.", checks, _check_example()
    )
    for kind in CHECK_KINDS.values():
        definitions[f"monitor-check-{kind.name}"] = _check(kind)
    properties = {
        "checks": setting(
            "Checks",
            "What is asked of the versions that serve."
            if name == "policy"
            else "Checks in addition to the policy's.",
            [_check_example()],
            type="array",
            maxItems=200,
            items=ref("monitor-check"),
        ),
        "on_breach": setting("On a breach", "What a breach does.", {"rollback": "propose"}, **ref(actions)),
    }
    if name == "policy":
        definitions["monitor-canary"] = _canary()
        definitions["monitor-source"] = _one_of(
            "Source", "A source of figures, by its kind.", sources, _source_example()
        )
        for source in SOURCE_KINDS.values():
            definitions[f"monitor-source-{source.name}"] = _source(source)
        properties = {**_policy_properties(), **properties}
    else:
        definitions["monitor-own-canary"] = _own_canary()
        properties["canary"] = setting(
            "Canary", "What the monitor may not do by itself.", {"act": "none"}, **ref("monitor-own-canary")
        )
    monitoring = setting(
        "Monitoring",
        "What is asked of production, and what a breach does."
        if name == "policy"
        else "Checks besides the policy's, and what the monitor may not do by itself for this model.",
        {"checks": [_check_example()]},
        type="object",
        additionalProperties=False,
        properties=properties,
    )
    return {**schema, "properties": {**schema["properties"], "monitoring": monitoring}, "$defs": definitions}


def _policy_properties() -> dict[str, Any]:
    return {
        "sources": setting(
            "Sources",
            "Where figures come from, each under a name.",
            {"live": _source_example()},
            type="object",
            maxProperties=100,
            propertyNames=ref("identifier"),
            additionalProperties=ref("monitor-source"),
        ),
        "cool_down": setting(
            "Cool-down",
            "How long a state stays after it was entered; none unless set.",
            "1h",
            **ref("monitor-span"),
        ),
        "canary": setting(
            "Canary",
            "How a canary is held against production, and what follows.",
            dict(CANARY.example),
            **ref("monitor-canary"),
        ),
        "usage": setting(
            "Usage",
            "How a source tells which versions served, and for whom.",
            _usage_example(),
            type="object",
            additionalProperties=False,
            required=["source", "metric"],
            properties=_usage_properties(),
        ),
    }


def _usage_properties() -> dict[str, Any]:
    return {
        "source": setting("Source", "The source that is asked, by its name.", "live", **ref("identifier")),
        "metric": setting(
            "Metric",
            "The figure that counts a version's requests in the window; more than 0 means that it served.",
            "requests",
            **ref("line"),
        ),
        "query": setting(
            "Query",
            "What the source is asked, where its kind takes a query; {model}, {version} and {window} "
            "(seconds) are filled in.",
            'sum by (client) (increase(requests_total{version="{version}"}[{window}s]))',
            type="string",
            maxLength=4000,
        ),
        "window": setting("Window", "Over which time; 30d unless set.", "30d", **ref("monitor-span")),
        "by": setting(
            "By",
            "The label, or the column, that names the caller; callers are not told apart unless set.",
            "client",
            **ref("identifier"),
        ),
    }


def _usage_example() -> dict[str, Any]:
    return {"source": "live", "metric": "requests", "window": "30d", "by": "client"}


def _actions(name: str) -> dict[str, Any]:
    words = "`none`, a `propose`d request, or one that `land`s"
    properties = {
        "evidence": setting(
            "Evidence", f"What becomes of the evidence: {words}; `propose` unless set.", "land",
            type="string", enum=[*AUTONOMY],
        ),
        "rollback": setting(
            "Rollback", f"What becomes of a rollback: {words}; `none` unless set.", "propose", type="string",
            enum=[*AUTONOMY],
        ),
    }  # fmt: skip
    if name == "policy":
        properties |= {
            "notify": setting(
                "Notify",
                "Whether the receivers of notifications are told; true unless set.",
                True,
                type="boolean",
            ),
            "issue": setting(
                "Issue",
                "Whether the forge gets an issue of the episode; false unless set.",
                True,
                type="boolean",
            ),
            "stop_loops_for": setting(
                "Stop loops for",
                "How long after an automatic rollback of a model a person decides; 7d unless set.",
                "7d",
                **ref("monitor-span"),
            ),
        }
    return {
        "title": "Actions",
        "description": "What a breach does.",
        "type": "object",
        "additionalProperties": False,
        "properties": properties,
        "examples": [{"evidence": "land", "rollback": "propose"}],
    }


def _check(kind: CheckKind) -> dict[str, Any]:
    own, name = kind.schema, kind.name
    common = {
        "check": setting("Check", f"Which check this is: `{name}`.", name, const=name, type="string"),
        "name": setting("Name", "What the check is called.", "errors", **ref("identifier")),
        "source": setting("Source", "The source that is asked, by its name.", "live", **ref("identifier")),
        "stages": setting(
            "Stages", "The stages whose versions it is about; production unless set.", ["production"],
            type="array", minItems=1, maxItems=100, uniqueItems=True, items=ref("stage-name"),
        ),
        "window": setting("Window", "Over which time; 1h unless set.", "1h", **ref("monitor-span")),
        "min_samples": setting(
            "Fewest samples", "Fewer tell nothing; 1 unless set.", 500,
            type="integer", minimum=1, maximum=10**9, default=1,
        ),
        "for": setting(
            "For", "For how long a state must be seen before it is entered.", "15m", **ref("monitor-span")
        ),
        "confirm": setting(
            "Confirmations", "How often in a row a state must be seen to be entered; 2 unless set.", 2,
            type="integer", minimum=1, maximum=1000, default=2,
        ),
    }  # fmt: skip
    return {
        "title": f"Check: {name}",
        "description": own.description,
        "type": "object",
        "additionalProperties": False,
        "required": ["check", "name", "source", *own.required],
        "properties": {**common, **own.settings},
        "examples": [{"check": name, **own.example}],
    }


def _source(kind: SourceKind) -> dict[str, Any]:
    own, name = kind.schema, kind.name
    return {
        "title": f"Source: {name}",
        "description": own.description,
        "type": "object",
        "additionalProperties": False,
        "required": ["source", *own.required],
        "properties": {
            "source": setting(
                "Source", f"Which kind of source this is: `{name}`.", name, const=name, type="string"
            ),
            **own.settings,
        },
        "examples": [{"source": name, **own.example}],
    }


def _canary() -> dict[str, Any]:
    return {
        "title": "Canary",
        "description": CANARY.description,
        "type": "object",
        "additionalProperties": False,
        "required": [*CANARY.required],
        "properties": dict(CANARY.settings),
        "examples": [dict(CANARY.example)],
    }


def _own_canary() -> dict[str, Any]:
    return {
        "title": "Canary of this model",
        "description": "What the monitor may not do by itself with canaries of this model.",
        "type": "object",
        "additionalProperties": False,
        "properties": {"act": dict(CANARY.settings["act"])},
        "examples": [{"act": "none"}],
    }


def _one_of(title: str, description: str, names: list[str], example: dict[str, Any]) -> dict[str, Any]:
    return {
        "title": title,
        "description": description,
        "oneOf": [ref(name) for name in names],
        "examples": [example],
    }


def _span_definition() -> dict[str, Any]:
    return {
        "title": "Span of time",
        "description": "Seconds, minutes, hours, days or weeks: `30s`, `5m`, `1h`, `7d`, `2w`.",
        "type": "string",
        "maxLength": 7,
        "pattern": _SPAN,
        "examples": ["1h"],
    }


def _check_example() -> dict[str, Any]:
    kind = next(iter(CHECK_KINDS.values()))
    return {"check": kind.name, **kind.schema.example}


def _source_example() -> dict[str, Any]:
    kind = next(iter(SOURCE_KINDS.values()))
    return {"source": kind.name, **kind.schema.example}
