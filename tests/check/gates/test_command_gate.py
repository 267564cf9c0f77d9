"""The gate of a program: what it gets, what it may do, and that it ends."""

from __future__ import annotations

import json
import os
import select
import sys
import time
from typing import TYPE_CHECKING, Any

import pytest

from rollbook.artifact.running.bounded_command import run_bounded

from ..desk import POLICY, STAGES, codes, entry, policy_text, registry_files
from .bench import known, metrics, said, state

if TYPE_CHECKING:
    from pathlib import Path

    from rollbook.check.gates.gate import Verdict

    from ..desk import Desk


def python(program: str, *arguments: str) -> list[str]:
    return [sys.executable, "-I", "-c", program, *arguments]


def ran(desk: Desk, run: list[str], **settings: Any) -> Verdict:
    gate = {"gate": "command", "run": run, **settings}
    return said(desk, gate, metrics("1.1.0", "auc: 0.9"), known=known(may_run=True))


def test_exit_code_0_passes_with_the_last_line(desk: Desk) -> None:
    verdict = ran(desk, python("print('measuring'); print('bias 0.01')"), title="bias check")
    assert (state(verdict), verdict.figure) == ("passed", "exit code 0: bias 0.01")
    assert verdict.threshold == "bias check exits with 0"


def test_another_exit_code_fails_with_what_was_said(desk: Desk) -> None:
    verdict = ran(desk, python("import sys; sys.exit('bias 0.3')"))
    assert (state(verdict), verdict.figure) == ("failed", "exit code 1: bias 0.3")


def test_a_program_that_a_signal_ends_fails(desk: Desk) -> None:
    verdict = ran(desk, python("import os; os.kill(os.getpid(), 9)"))
    assert (state(verdict), verdict.figure) == ("failed", "exit code -9")


def test_it_reads_the_promotion_as_json(desk: Desk) -> None:
    program = (
        "import json, sys; d = json.load(sys.stdin);"
        "print(d['model'], d['version'], d['from'], d['to'], d['manifest']['metrics'])"
    )
    assert ran(desk, python(program)).figure == "exit code 0: credit 1.1.0 staging production {'auc': 0.9}"


def test_where_nothing_may_run_the_gate_waits_and_runs_nothing(desk: Desk, tmp_path: Path) -> None:
    mark = tmp_path / "ran"
    gate = {"gate": "command", "run": ["touch", str(mark)]}
    assert state(said(desk, gate)) == "waiting"
    assert not mark.exists()


def test_a_program_that_hangs_is_killed_when_its_time_is_over(desk: Desk) -> None:
    start = time.monotonic()
    verdict = ran(desk, python("import time; time.sleep(60)"), time_limit=1)
    assert time.monotonic() - start < 5
    assert (state(verdict), verdict.figure) == ("failed", "not done after 1 s")


# Whoever of the two lives holds the pipe open.
FORKS = """
import os, sys, time
held = os.open(sys.argv[1], os.O_WRONLY)
os.write(held, b"begun")
if os.fork() == 0:
    time.sleep(60)
"""


# Ends once another of its own session sleeps.
NEW_SESSION = """
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        time.sleep(60)
    os._exit(0)
os.wait()
"""


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a process's environment")
def test_what_a_program_started_in_a_session_of_its_own_dies_with_it(tmp_path: Path) -> None:
    pipe = tmp_path / "still-alive"
    os.mkfifo(pipe)
    listening = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    try:
        program = FORKS.partition("if os.fork")[0] + NEW_SESSION
        assert run_bounded(python(program, str(pipe)), b"", 5).code == 0
        hung_up = select.poll()
        hung_up.register(listening, 0)
        assert hung_up.poll(5000), "something that the program started still runs"
    finally:
        os.close(listening)


@pytest.mark.parametrize("more", ["", "time.sleep(60)"])
def test_what_a_program_started_dies_with_it(tmp_path: Path, more: str) -> None:
    pipe = tmp_path / "still-alive"
    os.mkfifo(pipe)
    listening = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    try:
        start = time.monotonic()
        ended = run_bounded(python(FORKS + more, str(pipe)), b"", 0.8)
        assert time.monotonic() - start < 1.4
        assert ended.code == (None if more else 0)
        assert os.read(listening, 99) == b"begun"
        hung_up = select.poll()
        hung_up.register(listening, 0)
        assert hung_up.poll(5000), "something that the program started still runs"
    finally:
        os.close(listening)


def test_endless_output_is_cut_and_fills_nothing(desk: Desk) -> None:
    ended = run_bounded(python("while True: print('x' * 1000)"), b"", 1)
    assert ended.code is None
    assert len(ended.output) <= 1 << 16


def test_much_output_does_not_keep_a_program_from_ending(desk: Desk) -> None:
    verdict = ran(desk, python("for _ in range(50000): print('x' * 100)"))
    assert state(verdict) == "passed"


def test_its_output_can_not_act_on_a_terminal(desk: Desk) -> None:
    verdict = ran(desk, python("print('\\x1b[31m' + 'red\\x07' + chr(0x202e) + '\\x1b]0;title')"))
    assert "\x1b" not in verdict.figure
    assert verdict.figure.isprintable()
    assert "red" in verdict.figure


def test_it_gets_no_secrets_and_an_empty_folder(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    monkeypatch.setenv("GITHUB_TOKEN", "secret")
    program = "import os; print(sorted(os.environ), os.listdir('.'), os.environ['HOME'] == os.getcwd())"
    said_so = ran(desk, python(program)).figure
    assert "['HOME', 'LANG', 'LC_ALL', 'PATH', 'TMPDIR'] [] True" in said_so


def test_no_shell_reads_the_words(desk: Desk, tmp_path: Path) -> None:
    mark = tmp_path / "ran"
    assert ran(desk, ["echo", f"$(touch {mark}); touch {mark}"]).figure.endswith(
        f"$(touch {mark}); touch {mark}"
    )
    assert not mark.exists()


def test_a_program_that_is_not_there_fails(desk: Desk) -> None:
    verdict = ran(desk, ["/no/such/program"])
    assert state(verdict) == "failed"
    assert "No such file" in verdict.figure


@pytest.mark.parametrize("settings", [{"time_limit": 0}, {"time_limit": 99999}, {"run": []}])
def test_settings_that_make_no_sense_let_nothing_pass(desk: Desk, settings: dict[str, Any]) -> None:
    assert state(ran(desk, **{"run": ["true"], **settings})) == "failed"


def gated(command: list[str]) -> str:
    return policy_text(f"gates: {json.dumps([{'gate': 'command', 'to': ['staging'], 'run': command}])}\n")


def test_a_command_that_comes_with_the_change_never_runs(desk: Desk, tmp_path: Path) -> None:
    mark = tmp_path / "ran"
    files = {**registry_files(), POLICY: policy_text()}
    root = desk.commit(files)
    staged = {**files, STAGES: f"staging:\n  - {entry('1.0.0')}\n"}
    head = desk.commit({**staged, POLICY: gated(["touch", str(mark)])}, root)
    assert codes(desk.check_merge(root, head)[0]) == []
    assert not mark.exists()


def test_the_base_s_command_judges_a_merge_whatever_the_change_makes_of_it(desk: Desk) -> None:
    files = {**registry_files(), POLICY: gated(["false"])}
    root = desk.commit(files)
    staged = {**files, STAGES: f"staging:\n  - {entry('1.0.0')}\n"}
    head = desk.commit({**staged, POLICY: gated(["true"])}, root)
    assert codes(desk.check_merge(root, head)[0]) == ["RB413"]
