"""What `action.yml` runs: a command for the event of a workflow, and what it gave as outputs and summary.

https://docs.github.com/actions/reference/workflow-commands-for-github-actions
"""

from __future__ import annotations

import base64
import json
import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit
from uuid import uuid4

from rollbook.errors import BadCall, RollbookError
from rollbook.git.environment import counted_settings
from rollbook.text import inert_code, one_line, printable

if TYPE_CHECKING:
    from collections.abc import Mapping

# Commands under a name that says what a workflow is for.
_JOBS = {
    "record": (("audit", "record", "--push", "--forge", "github"),),
    "monitor": (("check", "--all", "--format", "github"), ("audit", "verify")),
}
# What the button that asks for a promotion has people fill in.
_INPUTS = ("model", "version", "stage", "reason")
_LOGIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,99}(?:\[bot\])?")
_MOST_ROWS = 2000  # of a summary, which the forge cuts off at 1 MiB
_ANNOTATIONS = ("::error", "::warning", "::notice")
# Git asks for the token when it needs it; nothing writes it down.
_CREDENTIAL = (
    '!f() { test "$1" != get || printf "username=x-access-token\\npassword=%s\\n" "$GITHUB_TOKEN"; }; f'
)


@dataclass(frozen=True, slots=True)
class Step:
    """A step's calls of Rollbook, one after the other, and the file that takes the check's summary."""

    name: str
    calls: tuple[tuple[str, ...], ...]
    summary: Path


def main() -> None:
    """Run the step that the environment describes, and exit as its first failing command does."""
    environment = os.environ
    event = json.loads(Path(environment["GITHUB_EVENT_PATH"]).read_text(encoding="utf-8"))
    try:
        step = step_of(environment, event)
        whose = sender_settings(environment, event) if step.name == "request" else {}
    except RollbookError as error:
        sys.stdout.write(f"::error::{printable(str(error))}\n")
        sys.exit(2)
    code, outputs, told = _run(step, {**environment, **git_settings(environment), **whose})
    _append(environment["GITHUB_STEP_SUMMARY"], _summary(step, code, outputs, told))
    _append(environment["GITHUB_OUTPUT"], "".join(as_output(*output) for output in outputs.items()))
    sys.exit(code)


def step_of(environment: Mapping[str, str], event: Mapping[str, Any]) -> Step:
    """Return what a step calls, by its inputs `COMMAND` and `ARGUMENTS` and the workflow's event.

    Raises BadCall for a request of an event that asks for none.
    """
    words = environment["COMMAND"].split()
    arguments = tuple(line for line in environment["ARGUMENTS"].split("\n") if line)
    summary = Path(environment["RUNNER_TEMP"]) / f"rollbook-{uuid4().hex}.md"
    name = words[0] if words else ""
    if name == "check":
        calls: tuple[tuple[str, ...], ...] = (("check", "--format", "github", *_change(event, summary)),)
    elif words == ["request"]:
        calls = (_request(event),)
    elif words == [name] and name in _JOBS:
        calls = _JOBS[name]
    else:
        calls = (tuple(words),)
    if name == "fetch":
        arguments = (*arguments, "--json")
    *others, last = calls
    return Step(" ".join(words), (*others, (*last, *arguments)), summary)


def _change(event: Mapping[str, Any], summary: Path) -> tuple[str, ...]:
    """Return the options that have the check judge what an event would change; none of a push or a
    schedule.
    """
    if pull := event.get("pull_request"):
        base, head, number = pull["base"]["sha"], pull["head"]["sha"], str(pull["number"])
    elif group := event.get("merge_group"):
        base, head, number = group["base_sha"], group["head_sha"], group["head_ref"]
    else:
        return ("--all",)
    return ("--base", base, "--head", head, "--pull-request", number, "--summary", str(summary))


def _request(event: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the call that proposes what an event's inputs ask for; none of them can be another option."""
    inputs = event.get("inputs")
    given = {name: inputs.get(name) if isinstance(inputs, dict) else None for name in _INPUTS}
    if not all(isinstance(value, str) and one_line(value) for value in given.values()):
        raise BadCall(f"a request needs the inputs {', '.join(_INPUTS)} of a workflow that somebody starts")
    model, version, stage, reason = (one_line(str(value)) for value in given.values())
    return ("promote", "--pr", "--json", f"--reason={reason}", "--", f"{model}@{version}", stage)


def sender_settings(environment: Mapping[str, str], event: Mapping[str, Any]) -> dict[str, str]:
    """Return the variables that have git commit in the name of who started a workflow, by the address that
    the forge keeps for them. Raises BadCall where the event doesn't say who did."""
    sender = event.get("sender")
    login, number = (sender.get("login"), sender.get("id")) if isinstance(sender, dict) else (None, None)
    if not isinstance(login, str) or not _LOGIN.fullmatch(login) or type(number) is not int or number < 1:
        raise BadCall("the event does not say who asks")
    host = urlsplit(environment["GITHUB_SERVER_URL"]).hostname or "github.com"
    address = f"{number}+{login}@users.noreply.{host}"
    return {
        f"GIT_{role}_{fact}": value
        for role in ("AUTHOR", "COMMITTER")
        for fact, value in (("NAME", login), ("EMAIL", address))
    }


def git_settings(environment: Mapping[str, str]) -> dict[str, str]:
    """Return the variables that have git give the token to the forge alone."""
    count = counted_settings(environment)
    forge = environment["GITHUB_SERVER_URL"]
    return {
        "GIT_CONFIG_COUNT": str(count + 1),
        f"GIT_CONFIG_KEY_{count}": f"credential.{forge}.helper",
        f"GIT_CONFIG_VALUE_{count}": _CREDENTIAL,
    }


def _run(step: Step, environment: Mapping[str, str]) -> tuple[int, dict[str, str], str]:
    """Run a step's calls up to the first that fails; its exit code, the step's outputs, and what the last
    call printed."""
    stdin = base64.b64decode(environment["INPUT"], validate=True)
    outputs: dict[str, str] = {}
    code, printed = 0, ""
    for call in step.calls:
        command = [sys.executable, "-I", "-m", "rollbook", *call]
        ended = subprocess.run(
            command, input=stdin, stdout=subprocess.PIPE, env=dict(environment), check=False
        )
        printed = ended.stdout.decode(errors="replace")
        _print(printed, trusted=call[0] == "check")
        if call[0] == "check":
            marked = [line for line in printed.split("\n") if line.startswith(_ANNOTATIONS)]
            outputs["findings"] = str(len(marked))
        elif call[0] == "fetch" and ended.returncode == 0:
            answer = json.loads(printed)
            outputs |= {"version": answer["version"], "path": answer["output"], "sha256": answer["sha256"]}
        elif step.name == "request" and ended.returncode == 0:
            answer = json.loads(printed)
            outputs |= {"branch": answer["branch"], "pull_request": answer["pull_request"]}
        code = code or ended.returncode
        if ended.returncode and call[0] != "check":
            sys.stdout.write(f"::error::rollbook {call[0]} ended with {ended.returncode}, as the log says\n")
    if step.summary.exists():
        outputs["summary"] = base64.b64encode(step.summary.read_bytes()).decode()
    return code, outputs, printed


def _print(printed: str, *, trusted: bool) -> None:
    """Print what a command printed; only the check's annotations may act on the workflow."""
    token = uuid4().hex
    around = ("", "") if trusted else (f"::stop-commands::{token}\n", f"\n::{token}::\n")
    sys.stdout.write(f"{around[0]}{printed}{around[1]}")
    sys.stdout.flush()


def _summary(step: Step, code: int, outputs: Mapping[str, str], told: str) -> str:
    if step.summary.exists():
        # Nothing acts in it that a file of the pull request says: the check writes it so.
        return step.summary.read_text(encoding="utf-8")
    if step.name == "comment":
        return ""  # it writes what the check has put there
    verdict = "✅ passed" if code == 0 else f"❌ failed ({code})"
    facts = "".join(
        f"- {name}: `{printable(value)}`\n" for name, value in outputs.items() if "`" not in value
    )
    table = _table(told) if step.name in ("gates", "monitor run") else ""
    return f"### rollbook {printable(step.name)}: {verdict}\n\n{facts}{table}"


def _table(told: str) -> str:
    """Return what a command printed as a table, its columns parted by tabs, as one of Markdown in which
    nothing acts."""
    rows = [[inert_code(cell) for cell in line.split("\t")] for line in told.split("\n")[:_MOST_ROWS] if line]
    if not rows:
        return ""
    lines = [f"| {' | '.join(row)} |\n" for row in rows]
    return "".join([lines[0], f"|{' --- |' * len(rows[0])}\n", *lines[1:]])


def as_output(name: str, value: str) -> str:
    """Return an output of a step as `GITHUB_OUTPUT` takes it; no value can end it and begin another."""
    end = uuid4().hex
    return f"{name}<<{end}\n{value}\n{end}\n"


def _append(file: str, text: str) -> None:
    with Path(file).open("a", encoding="utf-8") as opened:
        opened.write(text)


if __name__ == "__main__":
    main()
