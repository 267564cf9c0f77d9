"""MLflow's registry in a SQLite file: run by a Python that has MLflow, in the directory of the file.

`fill` takes models as JSON from stdin (`[{"name": ..., "versions": ["1.0.0", ...]}]`), and gives the middle
version of each the alias `production`. Everything else names a model: `resolve` (once), `warm` (again and
again, prints the seconds of one), `list`, `versions`, `show` and `register`.
"""

from __future__ import annotations

import json
import sys
import time
from statistics import median
from typing import Any

from mlflow import MlflowClient

_ADDRESS = "sqlite:///mlflow.db"
_WARM = 200


def _fill(client: MlflowClient) -> None:
    # The client makes the tables; version by version it would take hours.
    client.search_registered_models(max_results=1)
    import sqlalchemy
    from mlflow.store.model_registry.dbmodels.models import (
        SqlModelVersion,
        SqlRegisteredModel,
        SqlRegisteredModelAlias,
    )

    models = json.load(sys.stdin)
    engine = sqlalchemy.create_engine(_ADDRESS)
    now = int(time.time() * 1000)
    with sqlalchemy.orm.Session(engine) as session:
        session.bulk_insert_mappings(
            SqlRegisteredModel,
            [
                {"name": _flat(model["name"]), "creation_time": now, "last_updated_time": now}
                for model in models
            ],
        )
        session.bulk_insert_mappings(
            SqlModelVersion, [row for model in models for row in _versions(model, now)]
        )
        session.bulk_insert_mappings(
            SqlRegisteredModelAlias,
            [
                {
                    "name": _flat(model["name"]),
                    "alias": "production",
                    "version": len(model["versions"]) // 2 + 1,
                }
                for model in models
            ],
        )
        session.commit()


def _versions(model: dict[str, Any], now: int) -> list[dict[str, Any]]:
    name = _flat(model["name"])
    return [
        {
            "name": name,
            "version": number,
            "creation_time": now,
            "last_updated_time": now,
            "description": f"Version {version}, retrained on the newest data.",
            "source": f"s3://models/{name}/{version}",
            "storage_location": f"s3://models/{name}/{version}",
        }
        for number, version in enumerate(model["versions"], 1)
    ]


def _flat(name: str) -> str:
    """MLflow's names have no slash."""
    return name.replace("/", "--")


def _all_pages(search: Any, **options: Any) -> list[Any]:
    found, token = [], None
    while True:
        page = search(page_token=token, max_results=1000, **options)
        found += page
        token = page.token
        if not token:
            return found


def _warm(client: MlflowClient, model: str) -> float:
    client.get_model_version_by_alias(model, "production")
    times = []
    for _ in range(_WARM):
        start = time.perf_counter()
        client.get_model_version_by_alias(model, "production")
        times.append(time.perf_counter() - start)
    return median(times)


def main(action: str, model: str = "") -> None:
    """Carry out one action."""
    client = MlflowClient(tracking_uri=_ADDRESS, registry_uri=_ADDRESS)
    match action:
        case "fill":
            _fill(client)
        case "warm":
            print(_warm(client, model))
        case "resolve":
            found = client.get_model_version_by_alias(model, "production")
            print(found.version, found.source)
        case "list":
            for each in _all_pages(client.search_registered_models):
                print(each.name, [version.version for version in each.latest_versions], each.aliases)
        case "versions":
            for each in _all_pages(client.search_model_versions, filter_string=f"name='{model}'"):
                print(each.version, each.current_stage, each.description)
        case "show":
            version = client.get_model_version_by_alias(model, "production").version
            print(client.get_model_version(model, version))
        case "register":
            print(client.create_model_version(model, source=f"s3://models/{model}/new").version)


if __name__ == "__main__":
    main(*sys.argv[1:])
