"""The engine alone says what its package says, but for where modules are installed."""

from __future__ import annotations

import pickle
import subprocess
import sys
from collections import OrderedDict
from typing import TYPE_CHECKING

import pytest

from artifact.scan.pickles_by_hand import call
from rollbook.artifact.scan import engine, engine_report
from rollbook.artifact.scan.engine import Opinion, opinion

if TYPE_CHECKING:
    from types import ModuleType

GOOD = pickle.dumps(OrderedDict(a=1))
PICKLES = {
    "nothing but data": pickle.dumps([1, "a", None]),
    "a class of the standard library": GOOD,
    "an attack": call("posix", "system", "true"),
    "an attack in a literal": pickle.dumps([call("posix", "system", "true")]),
    "a class that nobody knows": call("credit.features", "Binner"),
    "code by value": call("cloudpickle.cloudpickle", "_make_function"),
    "a text that looks like code": pickle.dumps("__import__('os').system('true')"),
    "one that is cut off": GOOD[:-5],
    "garbage": b"\xff\xfegarbage",
}


@pytest.fixture
def no_engine_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    def refused() -> ModuleType:
        raise ImportError

    monkeypatch.setattr(engine_report, "_engine", refused)


@pytest.mark.parametrize("what", PICKLES)
def test_the_engine_alone_has_the_opinion_of_its_package(what: str, request: pytest.FixtureRequest) -> None:
    alone = opinion(PICKLES[what])
    request.getfixturevalue("no_engine_of_its_own")
    assert opinion(PICKLES[what]) == alone


def test_the_package_is_not_even_imported() -> None:
    program = f"""
import sys
from rollbook.artifact.scan.engine import opinion
assert opinion({GOOD!r}).globals == (("collections", "OrderedDict"),)
assert "modelaudit_picklescan" not in sys.modules
import modelaudit_picklescan
assert modelaudit_picklescan.scan_bytes({GOOD!r}).is_clean
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_an_engine_that_fails_could_not_tell(monkeypatch: pytest.MonkeyPatch) -> None:
    def failing(_pickle: bytes, _options: object) -> object:
        raise ValueError("no such opcode")

    monkeypatch.setattr(engine, "engine_report", failing)
    assert opinion(GOOD) == Opinion(is_untold="modelaudit-picklescan could not tell: no such opcode")
