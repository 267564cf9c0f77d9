"""Train three classifiers of wines, each a run of one experiment with its model in it."""

import mlflow
from mlflow.models import infer_signature
from sklearn.datasets import load_wine
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score, f1_score
from sklearn.model_selection import train_test_split
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import NearestCentroid

EXPERIMENT = "wine"
CANDIDATES = {
    "centroid": NearestCentroid(),
    "bayes": GaussianNB(),
    "logistic": LogisticRegression(C=0.01, max_iter=5000),
}


def main() -> None:
    mlflow.set_experiment(EXPERIMENT)
    wine = load_wine(as_frame=True)
    x_train, x_test, y_train, y_test = train_test_split(wine.data, wine.target, random_state=0)
    for name, classifier in CANDIDATES.items():
        with mlflow.start_run(run_name=name):
            classifier.fit(x_train, y_train)
            predicted = classifier.predict(x_test)
            mlflow.log_params({"algorithm": type(classifier).__name__})
            mlflow.log_metric("accuracy", accuracy_score(y_test, predicted))
            mlflow.log_metric("f1", f1_score(y_test, predicted, average="macro"))
            mlflow.sklearn.log_model(
                classifier,
                name="model",
                signature=infer_signature(x_test, predicted),
                pip_requirements=["scikit-learn"],
            )


if __name__ == "__main__":
    main()
