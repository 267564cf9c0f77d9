"""Whatever is asked of the reads: every answer is as described, and none is a failure of the service."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote_from_bytes

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis.generation.modes import GenerationMode

from building.read_service import client_of, served, with_a_broken_model, with_models
from rollbook.web.registries.served_registries import ServedRegistries
from rollbook.web.service.app import create_app

if TYPE_CHECKING:
    from collections.abc import Iterator

    from starlette.testclient import TestClient

    from building.once import Template
    from building.world import World

BOUNDED = settings(
    max_examples=5,
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


ALL = _reads(schemathesis.openapi.from_asgi("/openapi.json", create_app(ServedRegistries([]))))
TAKING = [name for name, read in ALL.items() if read.path_parameters or read.query]


@pytest.fixture(scope="module")
def described(template: Template) -> Any:
    schema = schemathesis.openapi.from_asgi("/openapi.json", served(template(with_models)))
    # No schema tells that a day is not in the calendar, or that a metric has no number: those are refused.
    accepted = schema.config.checks.positive_data_acceptance
    accepted.expected_statuses = [*accepted.expected_statuses, "400", "422"]
    return schema


@pytest.mark.parametrize("operation", sorted(ALL))
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


@pytest.mark.parametrize("operation", sorted(TAKING))
def test_what_is_not_as_described_is_refused(described: Any, operation: str) -> None:
    read = _reads(described)[operation]

    @settings(BOUNDED, max_examples=3)
    @given(case=read.as_strategy(generation_mode=GenerationMode.NEGATIVE))
    def refuses(case: Any) -> None:
        case.call_and_validate()

    refuses()


def test_links_lead_from_read_to_read(described: Any) -> None:
    machine = described.include(method="GET").as_state_machine()
    machine.run(settings=settings(BOUNDED, max_examples=5, stateful_step_count=6))


# Names, versions and references of any bytes

SEGMENT = st.binary(min_size=1, max_size=12) | st.sampled_from(
    [b"risk", b"fraud", b"..", b"%00", b"\x00", b"%2F", b"%252F", b"latest", b"@", b"@@champion", b"con",
     b"v1", b"1.0.0", b"versions", b"history", b"artifact", b"files",
     b"\xff\xfe", b"-", b"a" * 3000, b"1.0.0\n"]
)  # fmt: skip


@pytest.fixture(scope="module")
def client(template: Template) -> Iterator[TestClient]:
    with client_of(template(_broken)) as client:
        yield client


def _broken(world: World) -> None:
    with_models(world)
    with_a_broken_model(world)


@settings(BOUNDED, max_examples=150, suppress_health_check=[*HealthCheck])
@given(st.lists(SEGMENT, max_size=5), st.dictionaries(st.sampled_from(["rev", "at", "cursor", "limit", "q",
       "stage", "tag", "metric", "versions", "since"]), st.text(max_size=20), max_size=2))  # fmt: skip
def test_no_name_makes_the_service_fail(
    client: TestClient, segments: list[bytes], query: dict[str, str]
) -> None:
    path = "/".join(["/api/v1/models", *(quote_from_bytes(segment, safe="") for segment in segments)])
    answer = client.get(path, params=query)
    assert answer.status_code < 500
    assert answer.status_code == 200 or answer.json()["status"] == answer.status_code
