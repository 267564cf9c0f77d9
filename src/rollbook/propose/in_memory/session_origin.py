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
from rollbook.text import printable

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
    path = Path(told).resolve()
    alone = SessionOrigin(kind, printable(path.name[:_LONGEST]))
    if not path.is_file():
        return alone
    try:
        repository = discover(path.parent)
    except BadCall:
        return alone
    if repository.work_tree is None or not path.is_relative_to(repository.work_tree.resolve()):
        return alone
    place = path.relative_to(repository.work_tree.resolve()).as_posix()
    shown = printable(place[:_LONGEST])
    remark = "" if is_tracked(repository, place) else f"git does not track the {kind} {shown}"
    return SessionOrigin(kind, shown, remark)


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
