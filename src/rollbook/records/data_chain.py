"""How the data sets of a manifest were made from each other: from raw data to what a version was trained on.

`lineage.data` lists data sets, each of which may say in `from` what it was made from. Those that nothing else
was made from are what the version was trained on.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from rollbook.records.data_sets import DataSet

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

# Longer chains than that are no account of where data comes from.
LONGEST = 50


@dataclass(frozen=True)
class DataChain:
    """The data sets that a manifest lists."""

    listed: tuple[DataSet, ...]

    def made_from(self, one: DataSet) -> tuple[DataSet, ...]:
        """Return what a data set was made from. What is not listed is known by its name and version only."""
        return tuple(self._named(text) for text in one.made_from)

    @cached_property
    def trained_on(self) -> tuple[DataSet, ...]:
        """Those from which no other was made; and of a ring, where nothing else leads into it, the first."""
        used = {id(source) for one in self.listed for source in self.made_from(one)}
        ends = [one for one in self.listed if id(one) not in used]
        seen = {id(one) for one in self._reached(ends)}
        for one in self.listed:
            if id(one) not in seen:
                ends.append(one)
                seen |= {id(other) for other in self._reached([one])}
        return tuple(ends)

    @cached_property
    def sources(self) -> tuple[DataSet, ...]:
        """Those that others were made from, the nearest to the training first, each once."""
        ends = {id(one) for one in self.trained_on}
        return tuple(one for one in self._reached(self.trained_on) if id(one) not in ends)

    def ring(self) -> tuple[DataSet, ...]:
        """Return data sets each of which was made from the next, and the last from the first; none where
        there is no such ring."""
        return self._walk()[0]

    def depth(self) -> int:
        """Return how many steps lead from the first data to what was trained on; 0 where there is a ring."""
        return self._walk()[1]

    @cached_property
    def _by_text(self) -> Mapping[str, DataSet]:
        by_text: dict[str, DataSet] = {}
        names: dict[str, list[DataSet]] = {}
        for one in self.listed:
            by_text.setdefault(str(one), one)
            names.setdefault(one.name, []).append(one)
        for name, bearers in names.items():
            if len(bearers) == 1:
                by_text.setdefault(name, bearers[0])
        return by_text

    @cached_property
    def _unlisted(self) -> dict[str, DataSet]:
        return {}

    def _named(self, text: str) -> DataSet:
        if text in self._by_text:
            return self._by_text[text]
        name, _, version = text.partition("@")
        return self._unlisted.setdefault(text, DataSet(name, version))

    def _reached(self, starts: Iterable[DataSet]) -> Iterator[DataSet]:
        seen: set[int] = set()
        waiting = list(starts)
        for one in waiting:  # grows while it is gone through
            if id(one) not in seen:
                seen.add(id(one))
                yield one
                waiting += self.made_from(one)

    def _walk(self) -> tuple[tuple[DataSet, ...], int]:
        """Return the first ring, or else how deep the deepest chain is."""
        depths: dict[int, int] = {}
        for start in self.listed:
            path: list[tuple[DataSet, Iterator[DataSet]]] = [(start, iter(self.made_from(start)))]
            places = {id(start): 0}
            while path:
                one, rest = path[-1]
                following = next((other for other in rest if id(other) not in depths), None)
                if following is None:
                    path.pop()
                    del places[id(one)]
                    below = [depths[id(other)] + 1 for other in self.made_from(one)]
                    depths[id(one)] = max(below, default=0)
                elif id(following) in places:
                    return tuple(other for other, _ in path[places[id(following)] :]), 0
                else:
                    places[id(following)] = len(path)
                    path.append((following, iter(self.made_from(following))))
        return (), max(depths.values(), default=0)


def told(ring: Sequence[DataSet]) -> str:
    """Return a ring as text: `a from b from a`; of a long one the beginning."""
    names = [str(one)[:80] for one in (*ring[:5], *(ring[:1] if len(ring) <= 5 else ()))]
    return " from ".join(names) + (" from ..." if len(ring) > 5 else "")
