"""Take the newest version of a model through staging into production, and say where all of them stand."""

import argparse

from mlflow import MlflowClient


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", default="wine-classifier")
    arguments = parser.parse_args()

    client = MlflowClient()
    waiting = client.get_latest_versions(arguments.model, stages=["None"])
    if not waiting:
        raise SystemExit(f"{arguments.model} has no version that waits")
    newest = waiting[0].version
    client.transition_model_version_stage(arguments.model, newest, "Staging")
    client.transition_model_version_stage(
        arguments.model, newest, "Production", archive_existing_versions=True
    )
    versions = client.search_model_versions(f"name='{arguments.model}'")
    for version in sorted(versions, key=lambda one: int(one.version)):
        print(f"{arguments.model} {version.version}: {version.current_stage}")


if __name__ == "__main__":
    main()
