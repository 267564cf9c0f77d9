"""What an object in memory gives for the sample: what its file has to give as well."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from rollbook.artifact.running.model_child.model_process import plain
from rollbook.artifact.running.model_child.model_rows import Failed
from rollbook.errors import BadCall
from rollbook.snapshot.snapshot import MAX_FILE
from rollbook.text import printable

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from rollbook.propose.in_memory.sample_table import SampleTable
    from rollbook.propose.in_memory.written_model import Asker

_MOST_VALUES = 2_000_000
_LONGEST = 300


def asked_outputs(ask: Asker, sample: SampleTable) -> tuple[Sequence[Mapping[str, Any]], SampleTable]:
    """Return what an object gives for the sample, each output as its name, dtype, shape and values, and the
    rows of it: fewer where what comes out is long.

    It is asked just as the file will be, so that the two can be held against each other. Raises BadCall for
    rows that it does not take.
    """
    while True:
        outputs = _asked(ask, sample)
        if len(sample.cells) == 1 or len(json.dumps(outputs)) <= MAX_FILE:
            return outputs, sample
        sample = sample.first(len(sample.cells) // 2)


def _asked(ask: Asker, sample: SampleTable) -> list[dict[str, Any]]:
    try:
        found = ask(sample.as_request())()()
        return [part for name, value in found for part in plain(name, value, _MOST_VALUES)]
    except Exception as error:
        kind = "" if isinstance(error, Failed) else f"{type(error).__name__}: "
        said = printable(" ".join(f"{kind}{error}".split())[:_LONGEST])
        hint = "Give rows as the model takes them, e.g. sample_input=X.head(); see that the model is trained."
        raise BadCall(f"the model does not take the sample: {said}", hint=hint) from error


def output_columns(outputs: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return the outputs as a signature has them: the first dimension is that of the rows."""
    return [{"name": one["name"], "dtype": one["dtype"], "shape": [-1, *one["shape"][1:]]} for one in outputs]
