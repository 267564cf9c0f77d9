"""Searches find what MLflow's SQL store finds, in its order and on its pages, and fail as they do there."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mlflow.exceptions import MlflowException
from mlflow.prompt.constants import IS_PROMPT_TAG_KEY
from mlflow.prompt.registry_utils import add_prompt_filter_string
from mlflow.utils.search_utils import SearchModelUtils, SearchModelVersionUtils
from twin_stores import Twins, model_facts, outcome, version_facts

from rollbook.integrations.mlflow.reading.filter_conditions import is_like

if TYPE_CHECKING:
    from collections.abc import Callable


def _refuses_words_for_numbers() -> bool:
    try:
        SearchModelVersionUtils.parse_search_filter("version_number = 'word'")
    except MlflowException:
        return True
    return False


RUN, OTHER_RUN = "a" * 32, "b" * 32
# Before 3.11 SQL took no list of names.
TAKES_LISTS = "name" in getattr(SearchModelUtils, "LIST_SUPPORTED_KEYS", ())
# Older ones let the database compare a number with a word, which is refused here whatever MLflow there is.
REFUSES_WORDS_FOR_NUMBERS = _refuses_words_for_numbers()


@pytest.fixture(scope="module")
def twins(tmp_path_factory: pytest.TempPathFactory) -> Twins:
    twins = Twins(tmp_path_factory.mktemp("twins"))
    twins.model("churn", {"team": "risk", "a b": "100%"}, "who leaves")
    twins.model("Churn Model", {"team": "Risk"})
    twins.model("50% off", {"team": "x\ny"})
    twins.model("empty")
    twins.model("greeting", {IS_PROMPT_TAG_KEY: "true"})
    twins.model("gone", {"team": "risk"})
    twins.version("churn", source="runs:/a/model", run_id=RUN, tags={"team": "risk", "n": "1"})
    twins.version("Churn Model", source="s3://b/m", run_id=OTHER_RUN, description="first")
    twins.version(
        "churn", source="runs:/b/model", run_id=OTHER_RUN, tags={"team": "RISK"}, run_link="http://r"
    )
    twins.version("greeting", source="dummy", tags={IS_PROMPT_TAG_KEY: "true", "team": "risk"})
    twins.version("churn", source="file:/x_y", tags={"n": "10%", "a b": "50% off"})
    twins.version("50% off", source="file:/100%", run_id=RUN, tags={"team": ""})
    twins.version("gone", source="file:/gone", run_id=RUN)
    twins.move("churn", 1, "Production")
    twins.move("churn", 2, "Staging")
    twins.alias("churn", "champion", 1)
    twins.alias("churn", "best-one", 1)
    twins.move("Churn Model", 1, "Archived")
    twins.note("churn", 3, "the third")
    for _ in range(9):
        twins.version("Churn Model", source="file:/more", run_id=RUN, tags={"n": "2"})
    twins.delete_version("Churn Model", 11 - 1)
    twins.delete_model("gone")
    return twins


NAMES = st.sampled_from(
    [
        "churn",
        "CHURN",
        "Churn Model",
        "%hurn%",
        "c_urn",
        "50% off",
        "50~% off",
        "%",
        "",
        "greeting",
        "gone",
        "ö'",
    ]
)
TEXTS = NAMES | st.sampled_from(
    ["risk", "RISK", "%isk", "x_y", "1", "10%", "runs:/%", RUN, "file:/%", "true"]
)
QUOTED = TEXTS.map(lambda text: f"'{text}'")
KEYS = st.sampled_from(
    ["name", "name", "run_id", "source_path", "version_number", "creation_timestamp", "foo", "attribute.name"]
) | st.sampled_from(
    ["tags.team", "tag.n", "tags.`a b`", f"tag.`{IS_PROMPT_TAG_KEY}`", "tags.'team'", "metric.x", "tags.rest"]
)
LISTS = ["IN", "NOT IN"] if TAKES_LISTS else []
COMPARATORS = st.sampled_from(["=", "=", "=", "!=", "LIKE", "ILIKE", ">", ">=", "<", "<=", "~", *LISTS])
VALUES = (
    QUOTED
    | QUOTED
    | st.sampled_from(["3", "-1", "2.5", f"('{RUN}', 'churn')", "('churn')", "()", "x", '"churn"'])
)
CONDITIONS = st.builds(
    lambda key, comparator, value: f"{key} {comparator} {value}", KEYS, COMPARATORS, VALUES
).filter(lambda condition: REFUSES_WORDS_FOR_NUMBERS or not condition.startswith("version_number"))
# Those that can be met, so that more than errors is compared.
MET = st.one_of(
    st.builds(
        lambda compare, text: f"name {compare} '{text}'", st.sampled_from(["=", "!=", "LIKE", "ILIKE"]), NAMES
    ),
    st.builds(
        lambda key, compare, text: f"tags.{key} {compare} '{text}'",
        st.sampled_from(["team", "n", "`a b`", f"`{IS_PROMPT_TAG_KEY}`"]),
        st.sampled_from(["=", "!=", "LIKE", "ILIKE"]),
        TEXTS,
    ),
)
MET_BY_VERSIONS = MET | st.one_of(
    st.builds(
        lambda compare, number: f"version_number {compare} {number}",
        st.sampled_from(["=", "!=", ">", "<="]),
        st.integers(0, 12),
    ),
    st.builds(
        lambda compare, run: f"run_id {compare} '{run}'",
        st.sampled_from(["=", "!=", "LIKE"]),
        st.sampled_from([RUN, OTHER_RUN, "%"]),
    ),
)
JOINED = st.sampled_from([" AND ", " and ", " OR ", " "])


def _filters(met: st.SearchStrategy[str]) -> st.SearchStrategy[str | None]:
    whole = st.lists(met, min_size=1, max_size=3).map(" AND ".join)
    any_text = st.builds(lambda parts, by: by.join(parts), st.lists(CONDITIONS | met, max_size=3), JOINED)
    asked = st.one_of(st.none(), whole, whole, any_text)
    return asked | asked.map(add_prompt_filter_string)


ORDERS = st.none() | st.lists(
    st.builds(
        lambda key, direction: f"{key}{direction}",
        st.sampled_from(
            [
                "name",
                "version_number",
                "creation_timestamp",
                "last_updated_timestamp",
                "timestamp",
                "`name`",
                "run_id",
            ]
        ),
        st.sampled_from(["", " ASC", " DESC", " desc", " up"]),
    ),
    max_size=3,
)
SIZES = st.integers(1, 12) | st.just(100)


def _pages(search: Callable[..., Any], facts: Callable[[Any], Any], asked: tuple[Any, ...]) -> list[Any]:
    """All pages of a search, each with its token."""
    filter_string, size, order = asked
    pages: list[Any] = []
    token = None
    while not pages or token:
        page = search(filter_string=filter_string, max_results=size, order_by=order, page_token=token)
        token = page.token
        pages.append(([facts(one) for one in page], token))
    return pages


@settings(max_examples=150)
@given(_filters(MET), SIZES, ORDERS)
def test_models_are_found_as_in_sql(
    twins: Twins, filter_string: str | None, size: int, order: list[str] | None
) -> None:
    asked = (filter_string, size, order)
    ours = outcome(lambda: _pages(twins.ours.search_registered_models, model_facts, asked))
    assert ours == outcome(lambda: _pages(twins.sql.search_registered_models, model_facts, asked))


@settings(max_examples=200)
@given(_filters(MET_BY_VERSIONS), SIZES, ORDERS)
def test_versions_are_found_as_in_sql(
    twins: Twins, filter_string: str | None, size: int, order: list[str] | None
) -> None:
    asked = (filter_string, size, order)
    ours = outcome(lambda: _pages(twins.ours.search_model_versions, version_facts, asked))
    assert ours == outcome(lambda: _pages(twins.sql.search_model_versions, version_facts, asked))


@pytest.mark.parametrize("comparator", ["=", "!=", ">", "<="])
def test_a_word_for_the_number_of_a_version_is_refused(twins: Twins, comparator: str) -> None:
    with pytest.raises(MlflowException) as refused:
        twins.ours.search_model_versions(f"version_number {comparator} 'churn'")
    assert refused.value.error_code == "INVALID_PARAMETER_VALUE"


def test_without_any_wish_all_are_found_in_sqls_order(twins: Twins) -> None:
    models = [model_facts(one) for one in twins.ours.search_registered_models()]
    assert models == [model_facts(one) for one in twins.sql.search_registered_models()]
    assert [one["name"] for one in models] == ["50% off", "Churn Model", "churn", "empty"]
    versions = [version_facts(one) for one in twins.ours.search_model_versions()]
    assert versions == [version_facts(one) for one in twins.sql.search_model_versions()]
    assert len(versions) == 13


@pytest.mark.parametrize("size", [-1, 1001, 10**30])
def test_a_page_of_a_size_that_cant_be_is_refused(twins: Twins, size: int) -> None:
    with pytest.raises(MlflowException, match="max_results") as refused:
        twins.ours.search_registered_models(max_results=size)
    assert refused.value.error_code == "INVALID_PARAMETER_VALUE"


@pytest.mark.parametrize("size", [-1, 0, 200_001, "3", 1.5])
def test_versions_take_the_sizes_that_sql_takes(twins: Twins, size: Any) -> None:
    ours = outcome(lambda: twins.ours.search_model_versions(max_results=size))
    assert ours == outcome(lambda: twins.sql.search_model_versions(max_results=size))
    assert ours == "INVALID_PARAMETER_VALUE"


@pytest.mark.parametrize("token", ["x", "bm9uZQ==", "e30=", "W10=", "eyJvZmZzZXQiOiAiYSJ9", "é"])
def test_a_token_that_is_none_is_refused(twins: Twins, token: str) -> None:
    ours = outcome(lambda: twins.ours.search_model_versions(page_token=token))
    assert (
        ours
        == "INVALID_PARAMETER_VALUE"
        == outcome(lambda: twins.sql.search_model_versions(page_token=token))
    )


@pytest.mark.parametrize(
    "filter_string", ["(" * 5_000, "name = 'a" * 3_000, "name = 'x';name = 'y'", "\0", "name"]
)
def test_a_filter_that_is_made_to_harm_is_refused(twins: Twins, filter_string: str) -> None:
    assert outcome(lambda: twins.ours.search_model_versions(filter_string)) == "INVALID_PARAMETER_VALUE"


def test_what_is_handed_out_may_be_changed_by_whoever_asked(twins: Twins) -> None:
    (found,) = twins.ours.search_model_versions("name = 'churn' AND version_number = 1")
    found.tags["team"] = "spoilt"
    found.aliases.append("spoilt")
    (again,) = twins.ours.search_model_versions("name = 'churn' AND version_number = 1")
    assert again.tags["team"] == "risk"
    assert again.aliases == ["best-one", "champion"]


def test_a_broken_file_hides_nothing_else_and_is_told_of(
    tmp_path_factory: pytest.TempPathFactory, caplog: pytest.LogCaptureFixture
) -> None:
    twins = Twins(tmp_path_factory.mktemp("broken"))
    for name in ("good", "half", "lost"):
        twins.model(name)
        twins.version(name, source="file:/1")
        twins.version(name, source="file:/2")
    twins._land({"registry/half/versions/1.1.0/version.yaml": "{", "registry/lost/model.yaml": "a: &b"})
    with caplog.at_level(logging.WARNING):
        assert [one.name for one in twins.ours.search_registered_models()] == ["good", "half"]
        found = [(one.name, one.version) for one in twins.ours.search_model_versions()]
    assert found == [("half", 1), ("good", 2), ("good", 1)]
    assert "registry/lost/model.yaml" in caplog.text
    assert "registry/half/versions/1.1.0/version.yaml" in caplog.text
    with pytest.raises(MlflowException, match=r"half/versions/1\.1\.0/version\.yaml"):
        twins.ours.get_latest_versions("half", ["None"])  # no older version stands for it
    with pytest.raises(MlflowException, match=r"lost/model\.yaml"):
        twins.ours.get_registered_model("lost")
    assert twins.ours.get_model_version("half", 1).version == 1


PATTERNS = st.text("ab%_\n", max_size=12)


@given(PATTERNS, st.text("ab\n", max_size=14))
def test_like_means_what_it_means_in_sqlite(pattern: str, text: str) -> None:
    import sqlite3

    with sqlite3.connect(":memory:") as database:
        (told,) = database.execute("SELECT ? LIKE ?", (text, pattern)).fetchone()
    assert is_like(pattern, text) == bool(told)


def test_like_takes_no_time_that_a_pattern_can_blow_up() -> None:
    assert not is_like("%a" * 2_000 + "b", "a" * 20_000)
