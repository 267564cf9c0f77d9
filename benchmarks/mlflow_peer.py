"""The same question put to MLflow: run by a Python that has it, in an empty directory.

`fill MODEL N` registers N versions and gives the middle one the alias `production`; `resolve MODEL` asks
for it.
"""

from __future__ import annotations

import sys

from mlflow import MlflowClient


def main(action: str, model: str, *count: str) -> None:
    client = MlflowClient(tracking_uri="sqlite:///mlflow.db", registry_uri="sqlite:///mlflow.db")
    if action == "fill":
        versions = int(count[0])
        client.create_registered_model(model)
        for number in range(versions):
            client.create_model_version(model, source=f"s3://models/{model}/{number}")
        client.set_registered_model_alias(model, "production", str(versions // 2 + 1))
        return
    found = client.get_model_version_by_alias(model, "production")
    print(found.version, found.source)


main(*sys.argv[1:])
