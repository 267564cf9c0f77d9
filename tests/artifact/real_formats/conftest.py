"""Tests with the libraries that write models, which are heavy: `pip install -e '.[test-formats]'`.

Each skips where its library isn't installed. With `ROLLBOOK_TEST_FORMATS=1`, as in `.ci/run`, none may.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Generator

ALL_ARE_INSTALLED = os.environ.get("ROLLBOOK_TEST_FORMATS") == "1"


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(
    collector: pytest.Collector,
) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    report = yield
    if ALL_ARE_INSTALLED and report.skipped:
        report.outcome = "failed"
        report.longrepr = f"{collector.nodeid} is skipped, and nothing may be: {report.longrepr}"
    return report


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if ALL_ARE_INSTALLED and report.skipped:
        report.outcome = "failed"
        report.longrepr = f"skipped, and nothing may be: {report.longrepr}"
    return report
