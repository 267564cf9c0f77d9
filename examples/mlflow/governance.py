"""Say what each version of a model lacks of what is asked for: a description, tags, a signature, a run."""

import argparse

import mlflow
from mlflow import MlflowClient
from mlflow.entities.model_registry import ModelVersion

REQUIRED_TAGS = ("owner", "data_checked")


def lacking(version: ModelVersion) -> list[str]:
    found = [f"tag {key}" for key in REQUIRED_TAGS if key not in version.tags]
    if not version.description:
        found.append("description")
    if not version.run_id:
        found.append("run")
    if mlflow.models.get_model_info(f"models:/{version.name}/{version.version}").signature is None:
        found.append("signature")
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", default="wine-classifier")
    parser.add_argument("--stage", help="only the versions in this stage")
    arguments = parser.parse_args()

    failed = 0
    for version in MlflowClient().search_model_versions(
        f"name='{arguments.model}'", order_by=["version_number ASC"]
    ):
        if arguments.stage and version.current_stage != arguments.stage:
            continue
        missing = lacking(version)
        failed += bool(missing)
        print(f"{version.name} {version.version}: {'lacks ' + ', '.join(missing) if missing else 'complete'}")
    raise SystemExit(1 if failed else 0)


if __name__ == "__main__":
    main()
