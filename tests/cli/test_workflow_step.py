"""What the action calls for an event, and what it hands to the workflow."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rollbook.cli.workflow_step import as_output, sender_settings, step_of
from rollbook.errors import BadCall
from rollbook.text import one_line

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


# --- a request by button

ASKED = {"model": "credit", "version": "1.2.0", "stage": "staging", "reason": "to try it"}
SENDER = {"login": "jane-doe", "id": 583231}
ADDRESS = "583231+jane-doe@users.noreply.github.com"


def test_a_request_proposes_what_the_inputs_say() -> None:
    assert calls("request", event={"inputs": ASKED}) == [
        ["promote", "--pr", "--json", "--reason=to try it", "--", "credit@1.2.0", "staging"]
    ]


@pytest.mark.parametrize("name", ["model", "version", "stage", "reason"])
@given(value=st.text().filter(one_line))
def test_no_input_becomes_another_argument(name: str, value: str) -> None:
    (call,) = calls("request", event={"inputs": {**ASKED, name: value}})
    assert len(call) == 7
    assert call[:3] == ["promote", "--pr", "--json"]
    assert call[3].startswith("--reason=")
    assert call[4] == "--"
    assert all(word.isprintable() for word in call)
    assert "\0" not in "".join(call)


@pytest.mark.parametrize("inputs", [None, [], {}, ASKED | {"stage": 7}, ASKED | {"model": "\n"}])
def test_a_request_without_all_inputs_is_refused(inputs: object) -> None:
    with pytest.raises(BadCall, match="a request needs the inputs model, version, stage, reason"):
        calls("request", event={"inputs": inputs})


def test_who_started_a_workflow_commits_by_the_address_that_the_forge_keeps() -> None:
    env = sender_settings({"GITHUB_SERVER_URL": "https://github.com"}, {"sender": SENDER})
    assert env["GIT_AUTHOR_NAME"] == env["GIT_COMMITTER_NAME"] == "jane-doe"
    assert env["GIT_AUTHOR_EMAIL"] == env["GIT_COMMITTER_EMAIL"] == ADDRESS


def test_a_forge_of_ones_own_keeps_addresses_of_its_own() -> None:
    env = sender_settings({"GITHUB_SERVER_URL": "https://git.acme.example:8443"}, {"sender": SENDER})
    assert env["GIT_AUTHOR_EMAIL"] == "583231+jane-doe@users.noreply.git.acme.example"


@pytest.mark.parametrize(
    "sender",
    [None, "jane", {}, {"login": "jane"}, {"login": "a b", "id": 1}, {"login": "j\n", "id": 1},
     {"login": "jane", "id": "1"}, {"login": "jane", "id": True}, {"login": "jane", "id": 0}],
)  # fmt: skip
def test_a_request_of_nobody_is_refused(sender: object) -> None:
    with pytest.raises(BadCall, match="does not say who asks"):
        sender_settings({"GITHUB_SERVER_URL": "https://github.com"}, {"sender": sender})
