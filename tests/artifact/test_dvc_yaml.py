"""Entries put into dvc.yaml: what else the file says stays as it is written."""

from __future__ import annotations

from textwrap import dedent

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from rollbook.artifact.dvc_yaml import entries, with_paths
from rollbook.errors import InvalidFile


def written(before: str, **wanted: str) -> str:
    data = dedent(before).encode()
    return with_paths(data, {name.replace("_", "-"): path for name, path in wanted.items()}).decode()


def test_an_empty_file_gets_sorted_entries() -> None:
    assert written("", b="registry/b", a="registry/a") == dedent("""\
        artifacts:
          a:
            path: registry/a
            type: model
          b:
            path: registry/b
            type: model
        """)


def test_entries_come_below_what_stands_in_the_file() -> None:
    before = "stages:\n  train: {cmd: python train.py}  # the pipeline\n"
    assert written(before, a="registry/a").startswith(before + "artifacts:\n  a:\n")


def test_a_new_entry_stands_between_its_neighbours_and_above_the_next_ones_comment() -> None:
    before = """\
        artifacts:
            # about a
            a:
                path: old  # kept

            # about c
            c: {path: r}
        # the end
        plots: []
        """
    assert written(before, a="registry/a", b="registry/b", d="registry/d") == dedent("""\
        artifacts:
            # about a
            a:
                path: registry/a  # kept

            b:
              path: registry/b
              type: model
            # about c
            c: {path: r}
            d:
              path: registry/d
              type: model
        # the end
        plots: []
        """)


def test_labels_and_descriptions_of_an_entry_stay() -> None:
    before = "artifacts:\n  a:\n    desc: A model.\n    path: old\n    labels: [x]\n"
    assert written(before, a="registry/a") == before.replace("old", "registry/a")


def test_line_endings_stay() -> None:
    before = b"artifacts:\r\n  a:\r\n    path: old\r\n"
    after = with_paths(before, {"a": "registry/a", "b": "registry/b"})
    assert after.count(b"\n") == after.count(b"\r\n") == 6


@pytest.mark.parametrize(
    "before",
    [
        "artifacts: {}\n",
        "artifacts: {b: {path: x}}",
        "{artifacts: {b: {path: x}}, plots: []}\n",
        "artifacts:\n  a:\n",
        "artifacts:\n  a: some text\n",
        "stages: {}\n...\n",
        "---\nplots: []\n",
    ],
)
def test_files_in_other_styles_are_edited_too(before: str) -> None:
    after = with_paths(before.encode(), {"a": "registry/a"})
    old, new = yaml.safe_load(before), yaml.safe_load(after)
    assert new["artifacts"].pop("a") == {"path": "registry/a", "type": "model"}
    kept = {name: entry for name, entry in (old.get("artifacts") or {}).items() if name != "a"}
    assert new == {**old, "artifacts": kept}


def test_nothing_to_change_leaves_the_very_same_bytes() -> None:
    before = b"artifacts:   { a:   {path: registry/a} }"
    assert with_paths(before, {"a": "registry/a"}) is before


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("artifacts: []\n", "mapping"),
        ("- x\n", "mapping"),
        ("artifacts: &a {x: 1}\nb: *a\n", "anchor"),
        ("artifacts:\n  a: {path: x}\n  a: {path: y}\n", "second time"),
    ],
)
def test_what_is_no_mapping_or_no_strict_yaml_is_refused(text: str, said: str) -> None:
    with pytest.raises(InvalidFile, match=said):
        entries(text.encode())


_NAMES = st.from_regex(r"[a-z][a-z0-9_-]{0,6}[a-z0-9](/[a-z0-9]{1,5})?", fullmatch=True)
_PATHS = _NAMES.map(lambda name: f"registry/{name}/versions/1.0.0/model.bin")
_ENTRIES = st.dictionaries(
    _NAMES, st.fixed_dictionaries({"path": _PATHS}, optional={"desc": st.text("ab#: ")})
)


@settings(max_examples=60, deadline=None)
@given(_ENTRIES, st.dictionaries(_NAMES, _PATHS, min_size=1), st.booleans(), st.booleans())
def test_whatever_stands_there_the_entries_read_as_wanted(
    standing: dict[str, dict[str, str]], wanted: dict[str, str], flow: bool, below: bool
) -> None:
    document = {"plots": ["a"], "artifacts": standing, **({"vars": [{"x": 1}]} if below else {})}
    before = yaml.safe_dump(document, default_flow_style=flow or None, sort_keys=False).encode()
    after = with_paths(before, wanted)
    read = entries(after)
    assert {name: read[name]["path"] for name in wanted} == wanted
    assert {name: entry for name, entry in read.items() if name not in wanted} == {
        name: entry for name, entry in standing.items() if name not in wanted
    }
    assert with_paths(after, wanted) == after
