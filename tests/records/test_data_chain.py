"""How the data sets of a manifest were made from each other."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rollbook.records.data_chain import DataChain, told
from rollbook.records.data_sets import DataSet, one_fact


def _chain(**made_from: str) -> DataChain:
    """Data sets by name (`a_1` is a@1), each with the names of what it was made from."""
    return DataChain(
        tuple(
            DataSet(*name.split("_"), made_from=tuple(sources.split())) for name, sources in made_from.items()
        )
    )


def _texts(sets: tuple[DataSet, ...]) -> list[str]:
    return [str(one) for one in sets]


def test_what_nothing_was_made_from_is_what_a_version_was_trained_on() -> None:
    chain = _chain(raw_1="", clean_2="raw@1", train_3="clean@2", people="")
    assert _texts(chain.trained_on) == ["train@3", "people"]
    assert _texts(chain.sources) == ["clean@2", "raw@1"]
    assert chain.depth() == 2


def test_without_any_step_all_data_is_what_a_version_was_trained_on() -> None:
    chain = _chain(a_1="", b="")
    assert (_texts(chain.trained_on), chain.sources, chain.depth()) == (["a@1", "b"], (), 0)


def test_a_source_that_is_not_listed_is_known_by_its_name_and_version() -> None:
    (found,) = _chain(train="raw@2026-10").sources
    assert (found.name, found.version) == ("raw", "2026-10")


def test_a_source_is_named_without_its_version_where_one_only_is_listed() -> None:
    assert _texts(_chain(raw_1="", train="raw").sources) == ["raw@1"]
    assert _texts(_chain(raw_1="", raw_2="", train="raw").sources) == ["raw"]


def test_a_source_of_two_data_sets_stands_there_once() -> None:
    chain = _chain(train="a b", a="raw@1", b="raw@1")
    assert _texts(chain.sources) == ["a", "b", "raw@1"]


@pytest.mark.parametrize(
    ("made_from", "ring"),
    [
        ({"a": "a"}, "a from a"),
        ({"a": "b", "b": "c", "c": "a"}, "a from b from c from a"),
        ({"train": "a", "a": "b", "b": "a"}, "a from b from a"),
        ({f"n{n}": f"n{(n + 1) % 90}" for n in range(90)}, "n0 from n1 from n2 from n3 from n4 from ..."),
    ],
)
def test_a_ring_is_told_and_hides_no_data(made_from: dict[str, str], ring: str) -> None:
    chain = _chain(**made_from)
    assert told(chain.ring()) == ring
    assert {*_texts(chain.trained_on), *_texts(chain.sources)} == made_from.keys()


def test_a_very_long_chain_is_measured() -> None:
    chain = _chain(**{f"n{n}": f"n{n + 1}" for n in range(999)})
    assert (chain.ring(), chain.depth()) == ((), 999)


def test_a_wide_and_deep_net_is_gone_through_once() -> None:
    every = {
        f"l{layer}n{n}": " ".join(f"l{layer + 1}n{m}" for m in range(20))
        for layer in range(40)
        for n in range(20)
    }
    chain = _chain(**every)
    assert (chain.ring(), chain.depth(), len(chain.sources)) == ((), 40, 800)


@given(
    st.dictionaries(st.sampled_from("abcdef"), st.lists(st.sampled_from("abcdefg"), max_size=3), max_size=6)
)
def test_every_data_set_is_told_once_and_a_ring_is_one(made_from: dict[str, list[str]]) -> None:
    chain = _chain(**{name: " ".join(sources) for name, sources in made_from.items()})
    found = [*_texts(chain.trained_on), *_texts(chain.sources)]
    assert sorted(found) == sorted({*made_from, *(one for sources in made_from.values() for one in sources)})
    ring = chain.ring()
    for one, following in zip(ring, (*ring[1:], *ring[:1]), strict=True):
        assert following in chain.made_from(one)


def test_the_version_that_training_gives_is_that_of_what_it_was_trained_on() -> None:
    listed = _chain(raw_1="", train="raw@1").listed
    found, contradiction = one_fact(listed, "", "3")
    assert (_texts(found), contradiction) == (["raw@1", "train@3"], "")
    assert one_fact(listed, "", "1")[1] == ""
    assert _texts(one_fact(listed, "", "1")[0]) == ["raw@1", "train@1"]
