"""The environment that every git process gets: what leads git astray taken out, the hardening put in."""

from __future__ import annotations

import functools
import os
from pathlib import Path
from typing import TYPE_CHECKING

from rollbook.errors import BadCall

if TYPE_CHECKING:
    from collections.abc import Mapping

# What `git rev-parse --local-env-vars` names: the variables that tie git to one repository, index or work
# tree, as hooks inherit them; but for those by which a push in quarantine is read, and `git -c` works.
REDIRECTING = frozenset(
    [
        "GIT_COMMON_DIR",
        "GIT_CONFIG",
        "GIT_DIR",
        "GIT_GRAFT_FILE",
        "GIT_IMPLICIT_WORK_TREE",
        "GIT_INDEX_FILE",
        "GIT_INTERNAL_SUPER_PREFIX",
        "GIT_NO_REPLACE_OBJECTS",
        "GIT_PREFIX",
        "GIT_REPLACE_REF_BASE",
        "GIT_SHALLOW_FILE",
        "GIT_WORK_TREE",
    ]
)
INHERITED = frozenset(
    [
        "GIT_ALTERNATE_OBJECT_DIRECTORIES",
        "GIT_CONFIG_COUNT",
        "GIT_CONFIG_PARAMETERS",
        "GIT_OBJECT_DIRECTORY",
    ]
)
# They change what a path means, or the language of messages.
_UNWANTED = frozenset(["GIT_GLOB_PATHSPECS", "GIT_ICASE_PATHSPECS", "GIT_NOGLOB_PATHSPECS", "LANGUAGE"])
_HARDENING = {
    "GIT_GRAFT_FILE": os.devnull,  # an object's parents are those that it names,
    "GIT_NO_REPLACE_OBJECTS": "1",  # and its content is that of its id
    "GIT_LITERAL_PATHSPECS": "1",
    "GIT_OPTIONAL_LOCKS": "0",
    "LC_ALL": "C",
}


def clean_environment(**extra: str) -> dict[str, str]:
    """Return the process's environment, hardened, without the variables that redirect git, plus `extra`.

    Everything else that the user tells git stays: how to reach a server, who the author is, what to trace.
    """
    kept = {
        name: value for name, value in os.environ.items() if name not in REDIRECTING and name not in _UNWANTED
    }
    return {**kept, "PATH": _absolute(kept.get("PATH", os.defpath)), **_HARDENING, **extra}


def counted_settings(environment: Mapping[str, str]) -> int:
    """Return how many settings an environment gives git by GIT_CONFIG_KEY_0 and so on. Raises BadCall where
    it says something else than a number."""
    said = environment.get("GIT_CONFIG_COUNT") or "0"
    if not (said.isascii() and said.isdecimal() and len(said) < 6):
        hint = "Unset it, or say how many settings there are."
        raise BadCall(f"GIT_CONFIG_COUNT is no number: {said[:20]!r}", hint=hint)
    return int(said)


@functools.lru_cache(maxsize=4)
def _absolute(path: str) -> str:
    """Return a search path without the entries that mean the current directory, or are relative to it:
    programs are started in working trees that strangers fill.
    """
    return os.pathsep.join(entry for entry in path.split(os.pathsep) if Path(entry).is_absolute())
