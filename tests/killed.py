"""Running the command line in processes that are killed at a chosen step, as a crash or a power cut would."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

_AT_FUNCTION = """
import importlib, os, signal, sys
module, name, when, *arguments = sys.argv[1:]
*holders, last = name.split(".")
holder = importlib.import_module(module)
for part in holders:
    holder = getattr(holder, part)
real = getattr(holder, last)
def fatal(*args, **kwargs):
    if when == "after":
        real(*args, **kwargs)
    os.kill(os.getpid(), signal.SIGKILL)
setattr(holder, last, fatal)
from rollbook.cli import execute
sys.exit(execute(arguments))
"""

# Each directory gets a process of its own, forked from one that has imported everything. The first is killed
# after its first call of git that writes, the second after its second, and so on.
_AT_GIT_CALLS = """
import itertools, json, os, signal, subprocess, sys
import rollbook.trail.record, rollbook.propose.landing, rollbook.cli.audit, rollbook.cli.land
from git import Repo
from rollbook.cli import execute
directories, arguments = json.loads(sys.argv[1])
writing = {"fetch", "commit-tree", "push", "read-tree", "apply", "update-index", "update-ref"}
real, ends = subprocess.Popen.communicate, []
for fatal, directory in enumerate(directories):
    child = os.fork()
    if child == 0:
        calls = itertools.count()
        def communicate(process, *args, **kwargs):
            done = real(process, *args, **kwargs)
            if not writing.isdisjoint(process.args) and next(calls) == fatal:
                os.kill(os.getpid(), signal.SIGKILL)
            return done
        subprocess.Popen.communicate = communicate
        os.chdir(directory)
        os.dup2(2, 1)
        os._exit(execute(arguments))
    ends.append(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
print(json.dumps(ends))
"""


def killed_at(directory: Path, function: str, when: str, *arguments: str) -> None:
    """Run `rollbook` with `arguments`, killed "before" or "after" it calls `function` ("module:name")."""
    command = [sys.executable, "-c", _AT_FUNCTION, *function.split(":"), when, *arguments]
    done = subprocess.run(command, cwd=directory, capture_output=True, text=True)
    assert done.returncode == -signal.SIGKILL, done.stderr


def killed_at_each_git_call(directories: Sequence[Path], *arguments: str) -> list[Path]:
    """Run `rollbook` in each directory, killed after its nth writing git call in the nth.

    Return those that were killed.
    There must be more directories than such calls, so that the last runs come to their end.
    """
    work = json.dumps([[str(path) for path in directories], arguments])
    done = subprocess.run(
        [sys.executable, "-c", _AT_GIT_CALLS, work], capture_output=True, text=True, check=True
    )
    ends = json.loads(done.stdout)
    count = ends.index(0)
    assert ends[:count] == [-signal.SIGKILL] * count, done.stderr
    return list(directories[:count])
