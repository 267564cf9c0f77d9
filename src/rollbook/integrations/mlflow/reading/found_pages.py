"""Searching models and versions: filters, order and pages as MLflow's SQL store has them.

What is asked is parsed by MLflow itself (mlflow.utils.search_utils). What it means is SQL's: a tag that isn't
there meets no condition, `LIKE` counts case, `ILIKE` doesn't count that of A to Z, and prompts, which MLflow
keeps among the models, are found only by who asks for them (mlflow.store.model_registry.sqlalchemy_store).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Generic, NamedTuple, TypeVar

from mlflow.exceptions import MlflowException
from mlflow.prompt.constants import IS_PROMPT_TAG_KEY
from mlflow.store.model_registry import (
    SEARCH_MODEL_VERSION_MAX_RESULTS_DEFAULT,
    SEARCH_MODEL_VERSION_MAX_RESULTS_THRESHOLD,
    SEARCH_REGISTERED_MODEL_MAX_RESULTS_DEFAULT,
    SEARCH_REGISTERED_MODEL_MAX_RESULTS_THRESHOLD,
)
from mlflow.utils.search_utils import SearchModelUtils, SearchModelVersionUtils, SearchUtils

from rollbook.errors import BadCall, NotFound
from rollbook.integrations.mlflow.reading.filter_conditions import (
    NUMBERS,
    TRUE,
    UNREADABLE,
    conditions_of,
    model_test,
    version_test,
    wants_prompts,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from rollbook.integrations.mlflow.reading.catalogue import Catalogue
    from rollbook.integrations.mlflow.reading.filter_conditions import Condition
    from rollbook.integrations.mlflow.reading.model_entry import ModelEntry, NumberedVersion

Found = TypeVar("Found")


class FoundPage(NamedTuple, Generic[Found]):
    """What stands on one page of what was found, and the token of the next; None on the last."""

    items: list[Found]
    token: str | None


_DEFAULT_ORDER = ("last_updated_timestamp DESC", "name ASC", "version_number DESC")


def found_models(
    catalogue: Catalogue,
    filter_string: str | None,
    max_results: int | None,
    order_by: Sequence[str] | None,
    page_token: str | None,
) -> FoundPage[ModelEntry]:
    """Return a page of the models that meet a filter. Raises MlflowException, as MLflow's SQL store does, for
    a filter, an order, a number or a token that can't be one."""
    most = SEARCH_REGISTERED_MODEL_MAX_RESULTS_THRESHOLD
    size = _page_size(max_results, SEARCH_REGISTERED_MODEL_MAX_RESULTS_DEFAULT, most)
    conditions = conditions_of(SearchModelUtils, filter_string)
    with_prompts = wants_prompts(conditions)
    meets = _tests(model_test, conditions, with_prompts=with_prompts)
    order = _model_order(order_by or ())
    found = [
        entry
        for entry in _entries(catalogue, conditions)
        if all(one(entry) for one in meets)
        and (with_prompts or entry.facts.tags.get(IS_PROMPT_TAG_KEY) != TRUE)
    ]
    return _page(_sorted(found, order), size, page_token)


def found_versions(
    catalogue: Catalogue,
    filter_string: str | None,
    max_results: int | None,
    order_by: Sequence[str] | None,
    page_token: str | None,
) -> FoundPage[NumberedVersion]:
    """Return a page of the versions that meet a filter. Raises as `found_models` does."""
    most = SEARCH_MODEL_VERSION_MAX_RESULTS_THRESHOLD
    size = _page_size(max_results, SEARCH_MODEL_VERSION_MAX_RESULTS_DEFAULT, most)
    conditions = conditions_of(SearchModelVersionUtils, filter_string)
    with_prompts = wants_prompts(conditions)
    meets = _tests(version_test, conditions, with_prompts=with_prompts)
    order = _version_order(order_by or _DEFAULT_ORDER)
    found: list[NumberedVersion] = []
    for entry in _entries(catalogue, conditions):
        versions = catalogue.versions(entry)
        if not with_prompts and any(one.facts.tags.get(IS_PROMPT_TAG_KEY) == TRUE for one in versions):
            continue
        found += [version for version in versions if all(one(version) for one in meets)]
    return _page(_sorted(found, order), size, page_token)


# What is asked


def _page_size(asked: int | None, usual: int, most: int) -> int:
    if asked is None:
        return usual
    if not isinstance(asked, int) or not 0 < asked <= most:
        raise BadCall(f"max_results has to be a whole number from 1 to {most}, not {str(asked)[:40]}")
    return asked


def _tests(
    test: Callable[[Condition], Callable[[Found], bool]],
    conditions: Sequence[Condition],
    *,
    with_prompts: bool,
) -> list[Callable[[Found], bool]]:
    """Return what has to hold of each one found; a condition that can't hold is told, also one on prompts."""
    tests = [(condition, test(condition)) for condition in conditions]
    return [holds for condition, holds in tests if with_prompts or not condition.is_of_prompts]


def _entries(catalogue: Catalogue, conditions: Sequence[Condition]) -> list[ModelEntry]:
    """Return the models that can meet the conditions: where one names a model, that one alone."""
    named = next((one for one in conditions if (one.type, one.key, one.comparator) == _NAMED), None)
    if named is None:
        return catalogue.entries()
    try:
        return [catalogue.entry(named.value)]
    except (BadCall, NotFound, MlflowException):  # no model can be, or is, called so
        return []


_NAMED = ("attribute", "name", "=")


# Order and pages


def _model_order(order_by: Sequence[str]) -> list[tuple[Callable[[ModelEntry], Any], bool]]:
    """Return what models are sorted by, and whether upwards. `timestamp` is when they changed last, as is
    each of a model's times that MLflow's parser lets through."""
    keys: dict[str, tuple[Callable[[ModelEntry], Any], bool]] = {}
    for clause in order_by:
        key, ascending = _parsed_order(SearchUtils.parse_order_by_for_search_registered_models, clause)
        field = "name" if key == "name" else "updated"
        _require_new(field, keys, order_by)
        keys[field] = (_name if field == "name" else _updated), ascending
    return [*keys.values(), *([] if "name" in keys else [(_name, True)])]


def _name(item: ModelEntry | NumberedVersion) -> str:
    return item.name


def _updated(item: ModelEntry | NumberedVersion) -> int:
    return item.updated


def _version_order(order_by: Sequence[str]) -> list[tuple[Callable[[NumberedVersion], Any], bool]]:
    """Return what versions are sorted by, and whether upwards."""
    keys: dict[str, tuple[Callable[[NumberedVersion], Any], bool]] = {}
    for clause in order_by:
        _, key, ascending = _parsed_order(
            SearchModelVersionUtils.parse_order_by_for_search_model_versions, clause
        )
        told = _name if key == "name" else NUMBERS.get(key)
        if told is None:
            raise BadCall(f"{key[:80]!r} is nothing to sort versions by")
        _require_new(key, keys, order_by)
        keys[key] = told, ascending
    keys.setdefault("name", (_name, True))
    keys.setdefault("version_number", (NUMBERS["version_number"], False))
    return [*keys.values()]


def _parsed_order(parse: Callable[[str], tuple[Any, ...]], clause: str) -> tuple[Any, ...]:
    try:
        return parse(clause)
    except UNREADABLE as error:
        raise BadCall(f"the order can't be read: {str(error)[:200]}") from error


def _require_new(field: str, keys: Mapping[str, object], order_by: Sequence[str]) -> None:
    if field in keys:
        raise MlflowException(f"`order_by` contains duplicate fields: {str(list(order_by))[:200]}")


def _sorted(found: list[Found], order: Sequence[tuple[Callable[[Any], Any], bool]]) -> list[Found]:
    for key, ascending in reversed(order):
        found.sort(key=key, reverse=not ascending)
    return found


def _page(found: list[Found], size: int, token: str | None) -> FoundPage[Found]:
    try:
        start = max(SearchUtils.parse_start_offset_from_page_token(token), 0)
    except UNREADABLE as error:
        raise BadCall("that is no token of a page", hint="Give the token of the page before.") from error
    end = start + size
    return FoundPage(found[start:end], SearchUtils.create_page_token(end) if end < len(found) else None)
