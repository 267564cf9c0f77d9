"""Programs that print figures, and programs that misbehave."""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from rollbook.errors import InvalidFile
from rollbook.integrations.monitor.outcome import Window
from rollbook.integrations.monitor.question import SourceFailed

from .asking import HOUR, ago, answer, figure, opened, question, values

if TYPE_CHECKING:
    from rollbook.integrations.monitor.question import Answer, Question


def printed(program: str, asked: Question | None = None, time_limit: float = 30) -> Answer:
    run = [sys.executable, "-I", "-c", program]
    return answer("command", asked, run=run, time_limit=time_limit)


def prints(*figures: object) -> str:
    return f"print({json.dumps(figures)!r})"


def test_what_is_printed_counts_and_is_of_the_moment() -> None:
    asked = question()
    found = printed(prints(figure(0.25), figure(0.5, "1.1.0")), asked)
    assert (values(found), found.others) == ([0.25], ("1.1.0",))
    assert found.figures[0].at == asked.window.end


def test_the_question_stands_in_the_environment() -> None:
    program = (
        "import json, os\n"
        "names = ('MODEL', 'VERSION', 'METRIC', 'FROM', 'TO')\n"
        "of = {name: os.environ['ROLLBOOK_' + name] for name in names}\n"
        "assert of['MODEL'] == 'credit' and of['FROM'] < of['TO']\n"
        "print(json.dumps([{'metric': of['METRIC'], 'version': of['VERSION'], 'value': 1}]))"
    )
    assert values(printed(program)) == [1]


def test_nothing_else_of_the_monitors_environment_does(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET_TOKEN", "secret")
    program = f"import os\nif 'SECRET_TOKEN' not in os.environ: {prints(figure())}"
    assert values(printed(program)) == [0.5]


def test_what_is_printed_beside_the_figures_as_errors_is_not_in_the_way() -> None:
    assert values(printed(f"import sys\nsys.stderr.write('warning')\n{prints(figure())}")) == [0.5]


def test_one_that_fails_is_told_with_its_last_words() -> None:
    with pytest.raises(SourceFailed, match=r"exit code 1: .*access") as caught:
        printed("import sys\nsys.exit('no \\x1b[31maccess')")
    assert str(caught.value).isprintable()


def test_one_that_is_slow_is_ended() -> None:
    with pytest.raises(SourceFailed, match=r"was not done after 0\.3 s"):
        printed("while True: pass", time_limit=0.3)


def test_one_that_prints_for_ever_is_ended() -> None:
    with pytest.raises(SourceFailed):
        printed("while True: print('x' * 10000)", time_limit=1)


def test_an_answer_that_is_too_long_is_none() -> None:
    with pytest.raises(SourceFailed, match="printed more than"):
        printed("print('[' + ' ' * (1 << 24) + ']')")


def test_one_that_is_not_there_is_told() -> None:
    with pytest.raises(SourceFailed, match="can't be run"):
        answer("command", run=["/nowhere/at-all"])


@pytest.mark.parametrize("run", [[], [""], ["a\0b"], "text"])
def test_what_is_no_program_is_refused(run: object) -> None:
    with pytest.raises(InvalidFile):
        answer("command", run=run)


def test_a_question_about_the_past_gets_no_figure_of_today() -> None:
    now = datetime.now(UTC)
    past = Window(now - 48 * HOUR, now - 24 * HOUR)
    assert values(printed(prints(figure()), question(window=past))) == []


def test_a_clock_that_was_put_back_loses_no_figure() -> None:
    later = datetime.now(UTC) + timedelta(minutes=10)
    asked = question(window=Window(later - HOUR, later))
    assert values(printed(prints(figure()), asked)) == [0.5]


def test_a_series_has_what_says_its_time() -> None:
    run = [sys.executable, "-I", "-c", prints(figure(0.1, at=ago(minutes=3)), figure(0.9))]
    with opened("command", run=run) as source:
        assert values(source.series(question(), timedelta(minutes=1))) == [0.1]


def test_it_has_no_rows() -> None:
    with opened("command", run=["true"]) as source, pytest.raises(SourceFailed, match="no rows"):
        source.rows(question(), [])
