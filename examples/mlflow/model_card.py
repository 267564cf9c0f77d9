"""Write a card of the version that serves, from what its run and the registry know of it."""

import argparse
from pathlib import Path

import mlflow
from mlflow import MlflowClient


def card(model: str, stage: str) -> str:
    client = MlflowClient()
    (version,) = client.get_latest_versions(model, stages=[stage])
    run = client.get_run(version.run_id)
    info = mlflow.models.get_model_info(f"models:/{model}/{version.version}")
    metrics = "\n".join(f"| {name} | {value:.3f} |" for name, value in sorted(run.data.metrics.items()))
    params = "\n".join(f"- {name}: {value}" for name, value in sorted(run.data.params.items()))
    inputs = "\n".join(f"- {column.name} ({column.type.name})" for column in info.signature.inputs)
    return f"""# {model} {version.version}

{version.description or "No description."}

Stage: {version.current_stage}. Run: {run.info.run_name} ({version.run_id}), by {run.info.user_id}.

| Metric | Value |
| --- | --- |
{metrics}

## Parameters

{params}

## Inputs

{inputs}
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", default="wine-classifier")
    parser.add_argument("--stage", default="Production")
    parser.add_argument("-o", "--output", type=Path, default=Path("MODEL_CARD.md"))
    arguments = parser.parse_args()

    arguments.output.write_text(card(arguments.model, arguments.stage), encoding="utf-8")
    print(f"wrote {arguments.output}")


if __name__ == "__main__":
    main()
