"""The data sets of a manifest: those that `lineage.data` lists, and the one that `training` names.

Both tell one fact. `training.dataset` and `training.dataset_version` are the short form of a data set in
`lineage.data`: they say which one it is, or which version of it.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

from rollbook.records.training_code import read_code

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rollbook.records.fields import Fields
    from rollbook.records.training_code import TrainingCode


@dataclass(frozen=True, slots=True)
class DataSet:
    """A data set that a version was trained on, or that another was made from. `digest` is its SHA-256; what
    is not given is empty.

    The name is empty where `training` gives nothing but a version. `made_from` are the data sets that it was
    made from, each `NAME` or `NAME@VERSION`, `step` is what made it, and `code` the commit of that.
    """

    name: str
    version: str = ""
    uri: str = ""
    digest: str = ""
    rows: int | None = None
    made_from: tuple[str, ...] = ()
    step: str = ""
    code: TrainingCode | None = None

    def as_document(self) -> dict[str, Any]:
        """Return the data set as JSON data, as `lineage.data` names its fields."""
        document = asdict(self)
        made_from = list(document.pop("made_from"))
        return {**document, "from": made_from}

    def __str__(self) -> str:
        return f"{self.name}@{self.version}" if self.version else self.name


def read_data_set(fields: Fields) -> DataSet:
    """Return a data set as `lineage.data` has it. Raises InvalidFile."""
    return DataSet(
        name=fields.text("name"),
        version=fields.optional_text("version"),
        uri=fields.optional_text("uri"),
        digest=fields.optional_text("digest"),
        rows=fields.optional_integer("rows"),
        made_from=fields.texts("from"),
        step=fields.optional_text("step"),
        code=read_code(fields.required("code")) if fields.has("code") else None,
    )


def one_fact(listed: Sequence[DataSet], name: str, version: str) -> tuple[tuple[DataSet, ...], str]:
    """Return the data sets that are listed, with what `training` says of one of them; and in what the two
    contradict each other, empty when they don't.

    `name` and `version` are `training`'s, each empty where it isn't given. What fits no data set that is
    listed is one of its own, so that nothing that a manifest says is lost. What others were made from is not
    what the training means.
    """
    told = DataSet(name, version)
    if not str(told):
        return tuple(listed), ""
    if not listed:
        return (told,), ""
    used = {text for one in listed for text in one.made_from}
    ends = [place for place, one in enumerate(listed) if used.isdisjoint((str(one), one.name))]
    meant = [place for place in ends if not name or listed[place].name == name]
    if any(not version or listed[place].version == version for place in meant):
        return tuple(listed), ""
    open_places = [place for place in meant if not listed[place].version]
    if len(open_places) == 1:
        (place,) = open_places
        completed = replace(listed[place], version=version)
        return (*listed[:place], completed, *listed[place + 1 :]), ""
    return (*listed, told), _contradiction(listed, meant, open_places, told)


def _contradiction(
    listed: Sequence[DataSet], meant: Sequence[int], open_places: Sequence[int], told: DataSet
) -> str:
    if not meant:
        names = ", ".join(dict.fromkeys(one.name for one in listed))
        return f"the training's data set is {told.name!r}; lineage.data lists {_shortened(names)}"
    if open_places:
        return f"it can't be told which data set the version {told.version!r} is of"
    numbers = ", ".join(str(listed[place]) for place in meant)
    return f"the training's data has the version {told.version!r}; lineage.data lists {_shortened(numbers)}"


def _shortened(text: str) -> str:
    return text if len(text) <= 200 else f"{text[:197]}..."
