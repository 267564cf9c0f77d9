"""Register the model of the experiment's best run, or of its N best, the worst of them first."""

import argparse

import mlflow
from mlflow import MlflowClient


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--experiment", default="wine")
    parser.add_argument("--model", default="wine-classifier")
    parser.add_argument("--metric", default="accuracy")
    parser.add_argument("--best", type=int, default=1)
    arguments = parser.parse_args()

    client = MlflowClient()
    experiment = client.get_experiment_by_name(arguments.experiment)
    runs = client.search_runs(
        [experiment.experiment_id],
        order_by=[f"metrics.{arguments.metric} DESC"],
        max_results=arguments.best,
    )
    for run in reversed(runs):
        value = run.data.metrics[arguments.metric]
        registered = mlflow.register_model(f"runs:/{run.info.run_id}/model", arguments.model)
        client.update_model_version(
            arguments.model,
            registered.version,
            description=f"{run.data.params['algorithm']}, {arguments.metric} {value:.3f}",
        )
        client.set_model_version_tag(arguments.model, registered.version, arguments.metric, f"{value:.3f}")
        print(f"{arguments.model} {registered.version}: {run.info.run_name}, {value:.3f}")


if __name__ == "__main__":
    main()
