"""What a writer is told, and what it made of an object: a file or a folder in one format."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any

from rollbook.errors import BadCall

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from rollbook.propose.in_memory.sample_table import SampleTable

# Takes what a model is asked with, as the loaders of `model_child` do, and returns what prepares the rows.
Asker = Callable[[dict[str, Any]], Any]


@dataclass(frozen=True, slots=True)
class WritingRequest:
    """What is asked of a writer: the format that it is to write, the folder to write into, the types that
    skops does not know and the user trusts, the sample as rows and as it was given, pinned requirements, and
    the flavour of MLflow's where one is told."""

    format: str
    folder: Path
    trusted_types: Sequence[str] = ()
    sample: SampleTable | None = None
    given_sample: Any = None
    requirements: Sequence[str] = ()
    flavor: str = ""


@dataclass(frozen=True, slots=True)
class WrittenModel:
    """What was written, and how the object in memory is asked for what the file should give, None where
    nothing here can; `needs_trust` says that loading it runs code; `trusted_types` are those that skops does
    not know; `remarks` what whoever takes it has to know."""

    path: Path
    ask: Asker | None = None
    needs_trust: bool = False
    trusted_types: Sequence[str] = ()
    remarks: Sequence[str] = ()


Writer = Callable[[Any, WritingRequest], WrittenModel]


def needed(module: str, install: str) -> Any:
    """Import what writes a format. Raises BadCall, saying what to install, where it isn't there."""
    try:
        return import_module(module)
    except ImportError as error:
        raise BadCall(
            f"{module.partition('.')[0]} is needed to write it", hint=f"pip install {install}"
        ) from error
