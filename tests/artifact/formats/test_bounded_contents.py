from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rollbook.artifact.formats.bounded_contents import MOST_COLUMNS, MOST_ENTRIES, MOST_FACTS, bounded
from rollbook.artifact.formats.contents import Contents
from rollbook.records.signature import Column
from rollbook.schema.schemas import violations

_MANIFEST = {
    "model": "m",
    "version": "1.0.0",
    "created_at": "2026-01-01T00:00:00Z",
    "created_by": "ana@example.com",
    "artifact": {"path": "m.onnx", "format": "onnx", "size": 1, "sha256": "0" * 64},
}
_SCALARS = st.one_of(st.text(max_size=300), st.integers(), st.floats(), st.booleans())
_ENTRIES = st.one_of(_SCALARS, st.lists(_SCALARS, max_size=60))
_FACTS = st.one_of(_ENTRIES, st.dictionaries(st.text(max_size=300), _ENTRIES, max_size=60))
_COLUMNS = st.builds(
    Column,
    st.text(max_size=300),
    st.one_of(st.sampled_from(["float32", "map(int64,float32)"]), st.text(max_size=70)),
    st.one_of(st.none(), st.lists(st.integers(min_value=-2), max_size=40).map(tuple)),
)


def _faults(contents: Contents) -> list[Any]:
    """What the manifest's schema has against it; facts stand where it takes values of their kind."""
    signature = {
        half: [column.as_mapping() for column in columns]
        for half, columns in (("inputs", contents.inputs), ("outputs", contents.outputs))
        if columns is not None
    }
    framework = {"framework": contents.framework} if contents.framework else {}
    document = {**_MANIFEST, **framework, "hyperparameters": contents.facts, "signature": signature}
    return [*violations("version", document)]


@given(
    st.dictionaries(st.text(max_size=300), _FACTS, max_size=50),
    st.dictionaries(st.sampled_from(["name", "version"]), st.text(max_size=300)),
    st.lists(_COLUMNS, max_size=5).map(tuple),
)
def test_a_manifest_can_hold_what_is_kept(
    facts: dict[str, Any], framework: dict[str, str], columns: tuple[Column, ...]
) -> None:
    kept = bounded(Contents(facts, framework, columns, columns))
    assert _faults(kept) == []
    assert len(kept.facts) <= MOST_FACTS


@given(st.lists(_COLUMNS, max_size=5).map(tuple))
def test_each_column_is_kept_or_told(columns: tuple[Column, ...]) -> None:
    kept = bounded(Contents(inputs=columns))
    assert kept.inputs is not None
    left_out = [remark for remark in kept.remarks if "is left out" in remark and "shape" not in remark]
    assert len(kept.inputs) + len(left_out) == len(columns)


def test_of_two_columns_with_one_name_the_first_is_kept() -> None:
    long = "n" * 220
    columns = (Column("x", "float32", None), Column("x", "int64", None), Column(f"{long}1", "int64", None))
    kept = bounded(Contents(inputs=(*columns, Column(f"{long}2", "int64", None))))
    assert kept.inputs is not None
    assert [column.name for column in kept.inputs] == ["x", f"{long}1", f"{long}2"]
    assert kept.remarks == ("The input 'x' is left out: another one has its name.",)


def test_a_text_has_one_line_and_nothing_that_acts() -> None:
    kept = bounded(Contents({"producer\x1b[31m": "a\x1b]0;x\x07\nb\u202e" + "c" * 1000}))
    ((name, value),) = kept.facts.items()
    assert name == "producer [31m"
    assert isinstance(value, str)
    assert value.startswith("a ]0;x b c")
    assert len(value) <= 200


def test_a_number_that_json_would_change_becomes_text() -> None:
    facts = bounded(Contents({"large": 1 << 60, "none": float("nan"), "fine": 7, "yes": True})).facts
    assert facts == {"large": "0x1000000000000000", "none": "nan", "fine": 7, "yes": True}


def test_long_lists_are_cut_with_a_remark() -> None:
    kept = bounded(Contents({"tensors": [*range(1000)]}))
    assert kept.facts == {"tensors": [*range(MOST_ENTRIES)]}
    assert kept.remarks == ("tensors: there are 1,000; the first 50 are kept.",)


def test_a_signature_of_too_many_columns_is_left_out_whole() -> None:
    columns = tuple(Column(f"c{number}", "float32", None) for number in range(MOST_COLUMNS + 1))
    kept = bounded(Contents(inputs=columns, outputs=columns[:1]))
    assert kept.inputs is None
    assert kept.outputs == columns[:1]
    assert kept.remarks == ("There are 5,001 inputs; a manifest holds 5,000 at most.",)


@pytest.mark.parametrize("shape", [(0,), (1,) * 33, (1 << 60,), (-2,)])
def test_a_shape_that_no_manifest_can_hold_is_left_out(shape: tuple[int, ...]) -> None:
    kept = bounded(Contents(inputs=(Column("x", "float32", shape),)))
    assert kept.inputs == (Column("x", "float32", None),)
    assert kept.remarks
