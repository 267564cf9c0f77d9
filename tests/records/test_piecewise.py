"""Reading stages piece by piece gives what reading them the plain way gives, whatever the text."""

from __future__ import annotations

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from rollbook.errors import InvalidFile, RollbookError
from rollbook.records.piecewise import PiecewiseStages
from rollbook.records.stages import StageEntry, StageTable, parse_stages
from rollbook.registry.change import transitions

PATH = "registry/credit/stages.yaml"
FRAGMENTS = [
    "staging:",
    "production:",
    "archived:",
    "aliases:",
    "extra:",
    "champion: 1.0.0",
    "  champion: 1.0.0",
    "  - {version: 1.0.0}",
    '  - {version: "1.1.0", reason: "why"}',
    "  - version: 1.2.0",
    "    reason: x",
    "    reason: 'x",
    "    it goes on'",
    "    reason: |",
    "    reason: |+",
    "      a block",
    "",
    "# a comment",
    "  # a comment",
    "    # a comment",
    "  version: 2.0.0",
    "production: {version: 1.0.0}",
    "production: {version: 1.0.0,",
    "  reason: y}",
    "staging: [",
    "]",
    "  ]",
    "- {version: 1.0.0}",
    " - {version: 1.0.0}",
    "---",
    "...",
    "%YAML 1.2",
    "  - &a {version: 1.0.0}",
    "  - *a",
    "  - !!str x",
    "    <<: {version: 1.0.0}",
    "  - - {version: 1.0.0}",
    "  -",
    "  - 1",
    "staging: ~",
    "staging: x",
    "\tstaging: x",
    "staging : x",
    '"staging": {version: 1.0.0}',
    "    approvals:",
    "      - {by: bob, signature: s}",
    "    version: 1.0.0",
    "? staging",
    ": x",
    "staging: x\rarchived: y",
    "staging: x\u2028archived: y",
    "staging: x\x85archived: y",
    "  - {version: 1.0.0, version: 1.0.0}",
    "    reason: >",
    "    reason: a: b",
    "   - {version: 1.0.0}",
    "  - version: 1.0.0\n    traffic: 10",
    "staging:  # why",
    "    - {version: 1.0.0}",
]
TEXTS = st.lists(st.sampled_from(FRAGMENTS), max_size=9).map("\n".join)


def plain(data: bytes) -> object:
    try:
        return parse_stages(data, PATH)
    except InvalidFile as error:
        return str(error), error.line, error.key, error.hint


def piecewise(data: bytes, parser: PiecewiseStages) -> object:
    try:
        return parser.parse(data, PATH)
    except InvalidFile as error:
        return str(error), error.line, error.key, error.hint


def agree(data: bytes, parser: PiecewiseStages) -> None:
    one, other = plain(data), piecewise(data, parser)
    assert one == other
    if isinstance(one, StageTable):
        assert isinstance(other, StageTable)
        assert list(one.aliases) == list(other.aliases)


SHARED = PiecewiseStages()


@settings(max_examples=1500, deadline=None)
@given(TEXTS, st.sampled_from(["", "\n", "\n\n"]))
@example("staging:\n  - version: 1.0.0\n    reason: |+\n      x\n\n\n  - {version: 1.1.0}", "\n")
@example('staging: "x\narchived: y"', "\n")
@example("# \u2028\nstaging:\n  - {version: 1.0.0}", "\n")
@example("staging:\n  - {version: 1.0.0}\nstaging:\n  - {version: 1.1.0}", "\n")
def test_any_lines_read_the_same(text: str, end: str) -> None:
    agree((text + end).encode(), SHARED)


@settings(max_examples=500, deadline=None)
@given(st.binary(max_size=60))
def test_any_bytes_read_the_same(data: bytes) -> None:
    agree(data, SHARED)


WORD = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
ENTRY = st.fixed_dictionaries(
    {"version": st.sampled_from(["1.0.0", "1.1.0", "2.0.0-rc.1", "x"]), "reason": WORD, "requested_by": WORD}
)


@settings(max_examples=300, deadline=None)
@given(
    st.dictionaries(
        st.sampled_from(["staging", "production", "archived"]),
        st.one_of(ENTRY, st.lists(ENTRY, max_size=4)),
        max_size=3,
    ),
    st.integers(0, 400),
    st.sampled_from(["", "\n", " ", "'", '"', "x", ":", "- ", "#", "{"]),
    st.booleans(),
)
def test_files_as_rollbook_writes_them_and_their_mutations_read_the_same(
    document: dict[str, object], place: int, inserted: str, flow: bool
) -> None:
    from rollbook.yaml.edit import edit

    def fill(data: dict[str, object]) -> None:
        data.update(document)

    try:
        text = edit(b"", fill, PATH).decode()
    except RollbookError:
        return  # not every text can be written
    if flow:
        text = text.replace("\n    ", ", ")
    agree((text[:place] + inserted + text[place:]).encode(), SHARED)


def test_entries_of_equal_text_are_one_object() -> None:
    parser = PiecewiseStages()
    first = parser.parse(b"staging:\n  - {version: 1.0.0}\n", PATH)
    second = parser.parse(b"staging:\n  - {version: 1.1.0}\n  - {version: 1.0.0}\n", PATH)
    assert first.entries[0] is second.entries[1]


def test_a_file_too_large_is_refused_however_small_its_pieces() -> None:
    data = b"staging:\n" + b"  - {version: 1.0.0}\n" * 60_000
    with pytest.raises(InvalidFile, match="larger than"):
        PiecewiseStages().parse(data, PATH)


TABLES = st.lists(
    st.builds(
        StageEntry,
        st.sampled_from(["staging", "archived"]),
        st.sampled_from(["1.0.0", "1.1.0", "2.0.0", "x"]),
        WORD,
        WORD,
        WORD,
    ),
    max_size=5,
).map(lambda entries: StageTable(tuple(entries)))


@given(TABLES, TABLES, st.booleans())
def test_transitions_do_not_depend_on_which_entries_are_shared(
    before: StageTable, after: StageTable, is_shared: bool
) -> None:
    if is_shared:
        after = StageTable((*after.entries, *before.entries))
    copied = StageTable(
        tuple(StageEntry(e.stage, e.version, e.reason, e.requested_by, e.requested_at) for e in after.entries)
    )
    moves = transitions(before, after, "development")
    assert moves == transitions(before, copied, "development")
    at = {version: stage_of(before, version) for version in ("1.0.0", "1.1.0", "2.0.0")}
    to = {version: stage_of(after, version) for version in at}
    assert [(move.version, move.start, move.target) for move in moves] == [
        (version, at[version], to[version]) for version in sorted(at) if at[version] != to[version]
    ]


def stage_of(table: StageTable, version: str) -> str:
    entry = table.entry_of(version)
    return entry.stage if entry else "development"
