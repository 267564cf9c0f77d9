"""What is written stands in its place whole; of what was broken off nothing is left for long."""

from __future__ import annotations

import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from rollbook.artifact.placed_file import placed, write_whole
from rollbook.errors import BadCall

if TYPE_CHECKING:
    from pathlib import Path

KILLED = """
import os, signal, sys
from pathlib import Path
from rollbook.artifact.placed_file import placed
with placed(Path(sys.argv[1]), overwrite=False) as temporary:
    temporary.write_bytes(b"half")
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_what_a_killed_writer_left_goes_with_the_next(tmp_path: Path) -> None:
    target = tmp_path / "model.bin"
    ended = subprocess.run([sys.executable, "-c", KILLED, str(target)], check=False)
    assert ended.returncode == -signal.SIGKILL
    assert len(list(tmp_path.iterdir())) == 1
    with placed(target, overwrite=False) as temporary:
        temporary.write_bytes(b"whole")
    assert [(path.name, path.read_bytes()) for path in tmp_path.iterdir()] == [("model.bin", b"whole")]


def test_what_somebody_still_writes_is_left_alone(tmp_path: Path) -> None:
    target = tmp_path / "model.bin"
    with placed(target, overwrite=True) as first:
        first.write_bytes(b"first")
        with placed(target, overwrite=True) as second:
            second.write_bytes(b"second")
        assert first.read_bytes() == b"first"
    assert [(path.name, path.read_bytes()) for path in tmp_path.iterdir()] == [("model.bin", b"first")]


def test_other_folders_that_look_alike_are_left_alone(tmp_path: Path) -> None:
    (tmp_path / ".other.bin.0123456789abcdef.part").mkdir()
    (tmp_path / ".model.bin.part").mkdir()
    with placed(tmp_path / "model.bin", overwrite=False) as temporary:
        temporary.write_bytes(b"whole")
    assert len(list(tmp_path.iterdir())) == 3


FULL = """
import resource, sys
from pathlib import Path
from rollbook.artifact.placed_file import write_whole
resource.setrlimit(resource.RLIMIT_FSIZE, (4, 4))
write_whole(Path(sys.argv[1]), b"too much")
"""


def test_an_output_that_does_not_fit_leaves_the_old_one(tmp_path: Path) -> None:
    target = tmp_path / "card.md"
    target.write_bytes(b"precious")
    ended = subprocess.run(
        [sys.executable, "-c", FULL, str(target)], capture_output=True, text=True, check=False
    )
    assert "StorageFailed" in ended.stderr
    assert [(path.name, path.read_bytes()) for path in tmp_path.iterdir()] == [("card.md", b"precious")]


def test_an_output_keeps_the_mode_of_the_file_it_replaces(tmp_path: Path) -> None:
    target = tmp_path / "card.md"
    target.write_bytes(b"old")
    target.chmod(0o640)
    write_whole(target, b"new")
    assert (target.read_bytes(), target.stat().st_mode & 0o777) == (b"new", 0o640)


def test_an_output_is_written_through_no_link(tmp_path: Path) -> None:
    (tmp_path / "secret").write_bytes(b"secret")
    (tmp_path / "card.md").symlink_to("secret")
    with pytest.raises(BadCall, match="is a symbolic link"):
        write_whole(tmp_path / "card.md", b"new")
    assert (tmp_path / "secret").read_bytes() == b"secret"
