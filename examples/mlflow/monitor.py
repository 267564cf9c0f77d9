"""Measure what serves on fresh data, log it, and go back to the version before when it is too bad."""

import argparse

import mlflow
import pandas as pd
from rollback import roll_back
from sklearn.datasets import load_wine
from sklearn.metrics import accuracy_score


def fresh_data(noise: float) -> tuple[pd.DataFrame, pd.Series]:
    """Return measurements with labels; `noise` mixes up that share of the rows, as a broken sensor does."""
    wine = load_wine(as_frame=True)
    rows = wine.data.copy()
    broken = rows.sample(frac=noise, random_state=1).index
    rows.loc[broken] = rows.sample(n=len(broken), random_state=2).to_numpy()
    return rows, wine.target


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", default="wine-classifier")
    parser.add_argument("--least", type=float, default=0.8, help="the accuracy below which it goes back")
    parser.add_argument("--noise", type=float, default=0.0)
    arguments = parser.parse_args()

    rows, labels = fresh_data(arguments.noise)
    model = mlflow.pyfunc.load_model(f"models:/{arguments.model}/Production")
    accuracy = accuracy_score(labels, model.predict(rows))
    mlflow.set_experiment("wine-monitoring")
    with mlflow.start_run(run_name="monitor"):
        mlflow.log_metric("live_accuracy", accuracy)
    print(f"live accuracy {accuracy:.3f}")
    if accuracy < arguments.least:
        print(f"below {arguments.least}: {arguments.model} {roll_back(arguments.model)} serves")


if __name__ == "__main__":
    main()
