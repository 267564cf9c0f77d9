"""What several commands of a story have said, held against each other."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rollbook.check.gate_judgement import ALL_GATES
from rollbook.check.gates.gate import State
from rollbook.errors import RollbookError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_FROM_SERVER = "remote: "  # what git puts before each line that a server's hook says


def same_finding(code: str, outputs: Mapping[str, str]) -> dict[str, str]:
    """Return the finding with `code` that each output holds, by the output's name: the same line, place
    included.

    Raises RollbookError when one holds none or another one.
    """
    lines = {name: _finding(code, output) for name, output in outputs.items()}
    lacking = [name for name, line in lines.items() if not line]
    if lacking:
        raise RollbookError(f"the demo did not go as told: no finding {code} from: {', '.join(lacking)}")
    if len(set(lines.values())) > 1:
        raise RollbookError(f"the demo did not go as told: different findings {code}: {lines}")
    return lines


def _finding(code: str, output: str) -> str:
    lines = (line.removeprefix(_FROM_SERVER).rstrip() for line in output.splitlines())
    return next((line for line in lines if f": {code}" in line), "")


def verdict_table(outputs: Mapping[str, str]) -> list[str]:
    """For each kind of gate a version that it let pass, and one that it kept out: lines of cells apart by
    tabs, with a heading. Each output is that of `rollbook gates`, and its name says whose.

    Raises RollbookError when there is a kind that has not done both.
    """
    rows = ["gate\tlet pass\tkept out"]
    for gate in ALL_GATES:
        told = [
            (state, name)
            for name, output in outputs.items()
            for kind, state in _states(output)
            if kind == gate
        ]
        let_pass = next((name for state, name in told if state is State.PASSED), "")
        kept_out = next((f"{name} ({state.value})" for state, name in told if state is not State.PASSED), "")
        if not let_pass or not kept_out:
            told_of = f"let pass: {let_pass or 'none'}; kept out: {kept_out or 'none'}"
            raise RollbookError(f"the demo did not go as told: {gate}: {told_of}")
        rows.append(f"{gate}\t{let_pass}\t{kept_out}")
    return rows


def _states(output: str) -> Iterator[tuple[str, State]]:
    """Each gate of `rollbook gates` and its state, in the order in which they are printed."""
    states = {state.value: state for state in State}
    for line in output.splitlines():
        gate, _, rest = line.partition("\t")
        state = states.get(rest.partition("\t")[0])
        if state is not None:
            yield gate, state
