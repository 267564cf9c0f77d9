"""Which notebook or script runs, and whether git holds what it is."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rollbook.errors import BadCall
from rollbook.git.checkout import is_dirty, is_tracked
from rollbook.git.repository import discover

_VARIABLE = "JPY_SESSION_NAME"  # how Jupyter's server tells a kernel of its notebook
_VS_CODE = "__vsc_ipynb_file__"  # how Visual Studio Code does
_LONGEST = 400


@dataclass(frozen=True, slots=True)
class SessionOrigin:
    """What runs: `kind` is `notebook` or `script`, `path` its path in its repository, or its name alone where
    it stands in none; `remark` says what of it git does not hold."""

    kind: str
    path: str
    remark: str = ""


def session_origin() -> SessionOrigin | None:
    """Return the notebook or the script that runs; None where nothing tells."""
    kind, told = "notebook", _notebook()
    if not told:
        kind, told = "script", str(getattr(sys.modules.get("__main__"), "__file__", None) or "")
        if "ipykernel" in sys.modules or not told or not Path(told).is_file():
            return None
    path = Path(told)
    try:
        repository = discover(path.parent) if path.is_file() else None
    except BadCall:
        repository = None
    if repository is None or repository.work_tree is None:
        return SessionOrigin(kind, path.name[:_LONGEST])
    place = path.resolve().relative_to(repository.work_tree.resolve()).as_posix()
    remark = "" if is_tracked(repository, place) else f"the {kind} {place} is in no commit"
    return SessionOrigin(kind, place[:_LONGEST], remark)


def uncommitted(directory: Path) -> str:
    """Return a remark where the code in a repository is not as its commit has it; else nothing."""
    changed = is_dirty(discover(directory))
    return "the code has changes that are in no commit (lineage.code.dirty)" if changed else ""


def in_notebook() -> bool:
    """Return whether this is a kernel that shows what is displayed."""
    return type(_shell()).__name__ == "ZMQInteractiveShell"


def _notebook() -> str:
    told = getattr(_shell(), "user_ns", {}).get(_VS_CODE)
    return str(told or os.environ.get(_VARIABLE) or "")


def _shell() -> Any:
    """Return the running IPython; None where there is none. It is not imported for it."""
    ipython = sys.modules.get("IPython")
    return ipython.get_ipython() if ipython is not None else None
