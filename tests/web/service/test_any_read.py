"""Whatever is asked of the reads: every answer is as described, and none is a failure of the service."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from building.read_service import served, with_models
from rollbook.web.registries.served_registries import ServedRegistries
from rollbook.web.service.app import create_app

if TYPE_CHECKING:
    from building.once import Template

BOUNDED = settings(
    max_examples=8,
    deadline=None,
    derandomize=True,
    database=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=[*HealthCheck],
)
# What is there, by what the description calls it; without it nearly all that is asked for is not.
THERE = {
    "name": ["risk/fraud", "churn"],
    "reference": ["v1.0.0", "latest", "production", "@champion"],
    "stage": ["production", "@champion"],
    "evidence": ["fairness-1"],
    "path": ["report.txt", "deep/weights.bin"],
    "metric": ["auc"],
}


def _reads(schema: Any) -> dict[str, Any]:
    operations = [found.ok() for found in schema.get_all_operations()]
    return {
        operation.definition.raw["operationId"]: operation
        for operation in operations
        if operation.method.upper() == "GET" and operation.path.startswith("/api/v1/")
    }


NAMES = sorted(_reads(schemathesis.openapi.from_asgi("/openapi.json", create_app(ServedRegistries([])))))


@pytest.fixture(scope="module")
def described(template: Template) -> Any:
    schema = schemathesis.openapi.from_asgi("/openapi.json", served(template(with_models)))
    # No schema tells that a day is not in the calendar, or that a metric has no number: those are refused.
    accepted = schema.config.checks.positive_data_acceptance
    accepted.expected_statuses = [*accepted.expected_statuses, "400", "422"]
    return schema


@pytest.mark.parametrize("operation", NAMES)
def test_every_read_answers_as_it_is_described(described: Any, operation: str) -> None:
    read = _reads(described)[operation]

    @BOUNDED
    @given(case=read.as_strategy(), data=st.data(), is_there=st.booleans())
    def answers(case: Any, data: st.DataObject, is_there: bool) -> None:
        if is_there:
            told = case.path_parameters
            told |= {name: data.draw(st.sampled_from(THERE[name])) for name in told if name in THERE}
        case.call_and_validate()

    answers()


def test_links_lead_from_read_to_read(described: Any) -> None:
    machine = described.include(method="GET").as_state_machine()
    machine.run(settings=settings(BOUNDED, max_examples=5, stateful_step_count=6))
