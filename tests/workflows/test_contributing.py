"""CONTRIBUTING.md: what it sends a newcomer to exists."""

from __future__ import annotations

import re

import pytest
from workflow_runner import ROOT

TEXT = (ROOT / "CONTRIBUTING.md").read_text()
PATHS = sorted(
    set(re.findall(r"`((?:\.github|src|tests|docs|schemas)/[\w./-]*)`", TEXT)) - {"docs/decisions/"}
)


@pytest.mark.parametrize("path", PATHS)
def test_a_path_that_a_newcomer_is_sent_to_exists(path: str) -> None:
    assert (ROOT / path).exists()


def test_every_module_and_folder_of_the_map_is_one_that_a_newcomer_finds() -> None:
    assert len(PATHS) > 20
