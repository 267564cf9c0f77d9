"""What a model is expected to give: a file with values by the names of outputs, or rows of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rollbook.errors import BadCall
from rollbook.propose.manifest_facts import small_file
from rollbook.propose.sample_orientations import parse_json
from rollbook.propose.samples import read_sample

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from rollbook.artifact.running.answers import Output


@dataclass(frozen=True, slots=True)
class ExpectedOutputs:
    """Values by the names of outputs; or rows without names, which are those of the only output."""

    path: Path
    named: Mapping[str, Sequence[Any]]
    nameless: Sequence[Any] = ()

    def by_name(self, outputs: Sequence[Output]) -> Mapping[str, Sequence[Any]]:
        """Return the expected values by output. Raises BadCall where rows have no names and there are several
        outputs."""
        if not self.nameless:
            return self.named
        if len(outputs) != 1:
            names = ", ".join(output.name for output in outputs[:8])
            raise BadCall(
                f"{self.path}: it does not say which output its rows are",
                hint=f'Name it: {{"NAME": [...]}}, of {names}.',
            )
        return {outputs[0].name: self.nameless}


def expected_outputs(path: Path) -> ExpectedOutputs:
    """Read expected outputs: in JSON `{"NAME": [...], ...}`, as nested lists, as `rollbook predict` prints
    them; or a table in JSON, CSV or Parquet, whose columns are outputs. Raises BadCall."""
    data = small_file(path)
    if path.suffix.lower() == ".json":
        content = parse_json(data, path)
        if isinstance(content, dict) and content and all(isinstance(one, list) for one in content.values()):
            return ExpectedOutputs(path, content)
        if isinstance(content, list) and content and not any(isinstance(one, dict) for one in content):
            return ExpectedOutputs(path, {}, content)
    table = read_sample(data, path)
    if table.names is None:
        return ExpectedOutputs(path, {}, [list(row) for row in table.rows])
    columns = (list(values) for values in zip(*table.rows, strict=True))
    return ExpectedOutputs(path, dict(zip(table.names, columns, strict=True)))
