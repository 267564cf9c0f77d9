"""Compare the versions of a model by the metrics of their runs, in a data frame."""

import argparse

import pandas as pd
from mlflow import MlflowClient


def versions_frame(model: str) -> pd.DataFrame:
    client = MlflowClient()
    rows = []
    for version in client.search_model_versions(f"name='{model}'"):
        run = client.get_run(version.run_id)
        rows.append(
            {
                "version": int(version.version),
                "stage": version.current_stage,
                "algorithm": run.data.params.get("algorithm"),
                "registered": pd.to_datetime(version.creation_timestamp, unit="ms"),
                **run.data.metrics,
            }
        )
    return pd.DataFrame(rows).set_index("version").sort_index()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", default="wine-classifier")
    parser.add_argument("--metric", default="accuracy")
    arguments = parser.parse_args()

    frame = versions_frame(arguments.model)
    print(frame.drop(columns="registered").round(3).to_string())
    best = frame[arguments.metric].idxmax()
    serving = frame.index[frame["stage"] == "Production"]
    print(f"best by {arguments.metric}: version {best}")
    if len(serving):
        gain = frame.loc[best, arguments.metric] - frame.loc[serving[-1], arguments.metric]
        print(f"over production (version {serving[-1]}): {gain:+.3f}")


if __name__ == "__main__":
    main()
