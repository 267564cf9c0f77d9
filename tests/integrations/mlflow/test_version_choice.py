"""Which version becomes of what MLflow registers."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest
from mlflow.exceptions import MlflowException

from building.mlflow_tracking import model_folder
from rollbook.integrations.mlflow.sources import version_source
from rollbook.integrations.mlflow.sources.chosen_version import chosen_version

if TYPE_CHECKING:
    from building.mlflow_tracking import Tracked


@pytest.fixture(autouse=True)
def churn(tracked: Tracked) -> None:
    tracked.client.create_registered_model("churn")


def create(tracked: Tracked, name: str = "saved", column: str = "age", **tags: str) -> str:
    """Register a model with an input of that name, and return the version in the registry's terms."""
    folder = tracked.root / name
    source = folder if folder.exists() else model_folder(folder, column)
    made = tracked.client.create_model_version("churn", str(source), tags=tags)
    return str(made.tags["rollbook.version"])


def test_the_first_is_1_0_0_and_then_the_minor_number_rises(tracked: Tracked) -> None:
    assert [create(tracked, "one"), create(tracked, "two")] == ["1.0.0", "1.1.0"]


def test_the_very_same_again_is_another_version(tracked: Tracked) -> None:
    assert [create(tracked), create(tracked), create(tracked)] == ["1.0.0", "1.1.0", "1.2.0"]
    numbers = [one.version for one in tracked.client.search_model_versions("name='churn'")]
    assert sorted(numbers) == [1, 2, 3]


def test_a_signature_that_breaks_callers_raises_the_major_number(tracked: Tracked) -> None:
    assert create(tracked, "one", column="age") == "1.0.0"
    assert create(tracked, "two", column="income") == "2.0.0"
    assert create(tracked, "three", column="income") == "2.1.0"


@pytest.mark.parametrize("tag", ["version", "rollbook.version"])
def test_a_tag_chooses_the_version_and_is_no_tag_then(tracked: Tracked, tag: str) -> None:
    assert create(tracked, **{tag: "v2.5.0", "team": "risk"}) == "2.5.0"
    assert tracked.manifest("2.5.0")["tags"] == {"team": "risk"}
    assert create(tracked) == "2.6.0"


def test_a_tag_version_of_another_kind_is_a_tag_like_any_other(tracked: Tracked) -> None:
    assert create(tracked, version="2024-Q3") == "1.0.0"
    assert tracked.client.get_model_version("churn", "1").tags["version"] == "2024-Q3"


def test_a_version_that_is_chosen_twice_is_refused(tracked: Tracked) -> None:
    create(tracked, version="1.0.0")
    with pytest.raises(MlflowException, match="versions are never overwritten") as raised:
        create(tracked, version="1.0.0")
    assert raised.value.error_code == "PERMISSION_DENIED"


def test_the_registrys_own_tag_must_be_a_version(tracked: Tracked) -> None:
    with pytest.raises(MlflowException, match="is not a version"):
        create(tracked, **{"rollbook.version": "soon"})


def test_both_tags_together() -> None:
    assert chosen_version({"rollbook.version": "1.2.0", "version": "1.2.0"}) == ("1.2.0", {})
    both = {"rollbook.version": "1.2.0", "version": "3.0.0"}
    assert chosen_version(both) == ("1.2.0", {"version": "3.0.0"})


def test_a_copy_keeps_its_version_where_it_is_free(tracked: Tracked) -> None:
    create(tracked, version="1.4.0")
    copied = [tracked.client.copy_model_version("models:/churn/1", "retail") for _ in range(2)]
    assert [one.tags["rollbook.version"] for one in copied] == ["1.4.0", "1.5.0"]


def test_two_at_once_get_the_numbers_1_and_2_and_read_their_bytes_once(
    tracked: Tracked, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[str] = []
    both_have_read = threading.Barrier(2, timeout=60)
    original = version_source._add

    def counted(storage: object, path: object, *rest: object) -> object:
        read.append(str(path))
        stored = original(storage, path, *rest)  # type: ignore[arg-type]
        both_have_read.wait()
        return stored

    monkeypatch.setattr(version_source, "_add", counted)
    folders = [model_folder(tracked.root / name, weights=name.encode()) for name in ("one", "two")]
    made: list[str] = []

    def register(folder: object) -> None:
        made.append(tracked.client.create_model_version("churn", str(folder)).version)

    threads = [threading.Thread(target=register, args=(folder,)) for folder in folders]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(made) == [1, 2]
    assert sorted(read) == sorted(map(str, folders))
