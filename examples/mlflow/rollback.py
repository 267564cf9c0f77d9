"""Take production back to the version before, or to a named one. What serves is archived first."""

import argparse

from mlflow import MlflowClient


def roll_back(model: str, to: int | None = None) -> int:
    """Return the version that serves afterwards."""
    client = MlflowClient()
    serving = client.get_latest_versions(model, stages=["Production"])
    current = int(serving[0].version) if serving else None
    if to is None:
        archived = [
            int(version.version)
            for version in client.search_model_versions(f"name='{model}'")
            if version.current_stage == "Archived" and (current is None or int(version.version) < current)
        ]
        if not archived:
            raise SystemExit(f"{model} has no version to go back to")
        to = max(archived)
    if to == current:
        raise SystemExit(f"{model} {to} serves already")
    if current is not None:
        client.transition_model_version_stage(model, current, "Archived")
        client.set_model_version_tag(model, current, "rolled_back_to", str(to))
    client.transition_model_version_stage(model, to, "Production")
    return to


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", default="wine-classifier")
    parser.add_argument("--to", type=int, help="the version, else the one before")
    arguments = parser.parse_args()
    print(f"{arguments.model} {roll_back(arguments.model, arguments.to)} serves")


if __name__ == "__main__":
    main()
