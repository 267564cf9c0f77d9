"""What the action calls for an event, and what it hands to the workflow."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rollbook.cli.workflow_step import as_output, step_of

if TYPE_CHECKING:
    from collections.abc import Mapping

PULL = {"pull_request": {"number": 7, "base": {"sha": "a" * 40}, "head": {"sha": "b" * 40}}}
QUEUE = {"merge_group": {"base_sha": "a" * 40, "head_sha": "b" * 40, "head_ref": "refs/heads/queue/pr-7"}}


def calls(command: str, arguments: str = "", event: Mapping[str, Any] | None = None) -> list[list[str]]:
    environment = {"COMMAND": command, "ARGUMENTS": arguments, "RUNNER_TEMP": "/temp"}
    return [list(call) for call in step_of(environment, event or {}).calls]


@pytest.mark.parametrize(("event", "pull"), [(PULL, "7"), (QUEUE, "refs/heads/queue/pr-7")])
def test_a_check_judges_what_the_event_would_change(event: dict[str, Any], pull: str) -> None:
    ((*call, summary),) = calls("check", event=event)
    change = ["--base", "a" * 40, "--head", "b" * 40, "--pull-request", pull]
    assert call == ["check", "--format", "github", *change, "--summary"]
    assert summary.startswith("/temp/")


def test_a_check_without_a_change_judges_the_whole_registry() -> None:
    assert calls("check", event={"ref": "refs/heads/main"}) == [["check", "--format", "github", "--all"]]


def test_the_monitor_checks_and_verifies() -> None:
    assert calls("monitor", "--witness\nhead.txt") == [
        ["check", "--all", "--format", "github"],
        ["audit", "verify", "--witness", "head.txt"],
    ]


def test_an_argument_is_a_line_and_no_shell_sees_it() -> None:
    assert calls("register", 'churn\n$(touch x)\n--description=a "b"; c\n') == [
        ["register", "churn", "$(touch x)", '--description=a "b"; c']
    ]


@given(st.text())
def test_no_value_of_an_output_becomes_another_output(value: str) -> None:
    first, _, rest = as_output("path", value).partition("\n")
    end = first.removeprefix("path<<")
    assert rest == f"{value}\n{end}\n"
    assert end not in value
