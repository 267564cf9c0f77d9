"""Builds this repository's own registry: registry/, and registry-artifacts/ with the bytes.

    python examples/build_registry.py DIR

makes DIR, a git repository, and in it trains, registers and promotes every version below with the real
commands. Copy registry/, registry-artifacts/, .dvc/ and .dvcignore from there.

Two models, from data sets that ship with scikit-learn:

- iris-species tells three species of iris apart. Its artifact is JSON, the weights of a softmax regression:
  loading it runs no code.
- wine-cultivar tells from a chemical analysis which of three cultivars a wine is made of. Its artifact is a
  joblib file, as scikit-learn projects save them: loading it runs code, so load it only if you trust it.
"""

from __future__ import annotations

import argparse
import json
import platform
import subprocess
import sys
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any

import joblib
from sklearn.datasets import load_iris, load_wine
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score, f1_score, log_loss
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

GATE = """
gates:
  - gate: metric-threshold
    to: [canary, production]
    metric: accuracy
    min: 0.9
"""
SEED = 0
MODELS = {
    "iris-species": ("Tells three species of iris apart.", "iris", load_iris),
    "wine-cultivar": ("Tells from a chemical analysis which cultivar a wine is made of.", "wine", load_wine),
}


@dataclass(frozen=True)
class Release:
    """A version: its estimator, how many features it reads, and the stages it goes through."""

    model: str
    version: str
    description: str
    algorithm: str
    estimator: Any
    features: int
    params: dict[str, Any]
    way: tuple[tuple[str, str], ...] = ()
    options: dict[str, tuple[str, ...]] = field(default_factory=dict)


RELEASES = (
    Release(
        "iris-species", "1.0.0", "Reads the sepals alone.", "softmax-regression",
        LogisticRegression(C=1.0, max_iter=1000), 2, {"C": 1.0},
        (("archived", "too often wrong to be of use"),),
    ),
    Release(
        "wine-cultivar", "1.0.0", "A forest of six small trees.", "random-forest",
        RandomForestClassifier(n_estimators=6, max_depth=3, random_state=SEED), 13,
        {"n_estimators": 6, "max_depth": 3},
        (("staging", "first candidate"), ("production", "the first that passes the gate")),
    ),
    Release(
        "iris-species", "1.1.0", "Reads the petals as well.", "softmax-regression",
        LogisticRegression(C=1.0, max_iter=1000), 4, {"C": 1.0},
        (("staging", "the petals tell most"), ("production", "passes the gate")),
    ),
    Release(
        "wine-cultivar", "1.1.0", "Twenty trees instead of six.", "random-forest",
        RandomForestClassifier(n_estimators=20, max_depth=3, random_state=SEED), 13,
        {"n_estimators": 20, "max_depth": 3},
        (("staging", "more trees"), ("production", "fewer errors than 1.0.0")),
    ),
    Release(
        "iris-species", "1.2.0", "Less regularised.", "softmax-regression",
        LogisticRegression(C=10.0, max_iter=1000), 4, {"C": 10.0},
        (("staging", "a lower log loss than 1.1.0"), ("canary", "a tenth of the traffic, for two weeks")),
        {"canary": ("--traffic", "10")},
    ),
    Release(
        "wine-cultivar", "2.0.0", "A linear model on standardised features.", "softmax-regression",
        make_pipeline(StandardScaler(), LogisticRegression(C=1.0)), 13, {"C": 1.0},
        (("staging", "smaller than the forest"),),
    ),
)  # fmt: skip


def main() -> None:
    """Build the registry in the directory that the command line names."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    parser.add_argument("directory", type=Path)
    root: Path = parser.parse_args().directory.resolve()
    root.mkdir(parents=True)
    start(root)
    for release in RELEASES:
        register(root, release)
        for stage, reason in release.way:
            options = release.options.get(stage, ())
            reference = f"{release.model}@{release.version}"
            rollbook(root, "promote", reference, stage, "--reason", reason, "--land", *options)
    rollbook(root, "check", "--all")


def start(root: Path) -> None:
    """Make the repository a registry whose DVC remote is a folder inside of it."""
    git(root, "init", "--quiet", "--initial-branch=main")
    for key, value in {"user.name": "Rollbook", "user.email": "team@rollbook.dev"}.items():
        git(root, "config", key, value)
    for key in ("commit.gpgsign", "tag.gpgsign"):
        git(root, "config", key, "false")
    rollbook(root, "init", "--remote", "../registry-artifacts")
    with (root / "registry/policy.yaml").open("a", encoding="utf-8") as policy:
        policy.write(GATE)
    # Digests stand for exact bytes: git must not translate line ends.
    (root / "registry-artifacts").mkdir()
    for folder in ("registry", "registry-artifacts"):
        (root / folder / ".gitattributes").write_text("* -text\n", encoding="utf-8")
    git(root, "add", ".")
    git(root, "commit", "--quiet", "-m", "Start a model registry")


def register(root: Path, release: Release) -> None:
    """Train and measure a version, and register it."""
    purpose, name, load = MODELS[release.model]
    data = load()
    names = [str(name).replace(" (cm)", "").replace(" ", "_") for name in data.feature_names]
    rows = data.data[:, : release.features]
    train, test, train_truth, test_truth = train_test_split(
        rows, data.target, test_size=0.4, random_state=SEED, stratify=data.target
    )
    release.estimator.fit(train, train_truth)
    folder = root.parent / f"{root.name}-training" / f"{release.model}-{release.version}"
    folder.mkdir(parents=True)
    artifact = save(folder, release, names, data.target_names)
    outputs = [{"name": "class", "dtype": "string", "shape": [-1]}]
    given = {
        "--metrics-file": measure(release.estimator, test, test_truth),
        "--params-file": release.params,
        "--sample-input": [dict(zip(names, map(float, row), strict=False)) for row in test[:3]],
        "--from": {"training": {"rows": len(train)}, "signature": {"outputs": outputs}},
    }
    rollbook(
        root, "register", release.model, str(artifact), "--version", release.version, "--land",
        *write(folder, given), "--requirements", str(pins(folder)), "--description", release.description,
        "--framework", f"scikit-learn=={version('scikit-learn')}", "--algorithm", release.algorithm,
        "--python", platform.python_version(), "--data", f"{name}=sklearn.datasets.load_{name}",
        "--team", "rollbook", "--task", "classification", "--use-case", purpose,
    )  # fmt: skip


def write(folder: Path, given: dict[str, Any]) -> list[str]:
    """Write what each option shall say into a JSON file of its own; return options and files."""
    words = []
    for option, content in given.items():
        path = folder / f"{option.strip('-')}.json"
        path.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
        words += [option, str(path)]
    return words


def pins(folder: Path) -> Path:
    """Write the versions of the packages that trained, as pip reads them; return the file."""
    path = folder / "requirements.txt"
    packages = ("scikit-learn", "numpy", "joblib")
    path.write_text("".join(f"{name}=={version(name)}\n" for name in packages), encoding="utf-8")
    return path


def save(folder: Path, release: Release, names: list[str], classes: Any) -> Path:
    """Write the fitted estimator: iris-species as JSON, the others as joblib; return the file."""
    if release.model != "iris-species":
        path = folder / "model.joblib"
        joblib.dump(release.estimator, path, compress=("zlib", 9))
        return path
    path = folder / "weights.json"
    weights = {
        "features": names[: release.features],
        "classes": [str(name) for name in classes],
        "coefficients": release.estimator.coef_.tolist(),
        "intercepts": release.estimator.intercept_.tolist(),
    }
    path.write_text(json.dumps(weights, indent=2) + "\n", encoding="utf-8")
    return path


def measure(estimator: Any, rows: Any, truth: Any) -> dict[str, float]:
    """The metrics of a fitted estimator on rows that it has not seen."""
    found = {
        "accuracy": accuracy_score(truth, estimator.predict(rows)),
        "f1_macro": f1_score(truth, estimator.predict(rows), average="macro"),
        "log_loss": log_loss(truth, estimator.predict_proba(rows)),
    }
    return {name: round(float(value), 4) for name, value in found.items()}


def git(root: Path, *arguments: str) -> None:
    """Run git in the registry."""
    subprocess.run(["git", *arguments], cwd=root, check=True)


def rollbook(root: Path, *arguments: str) -> None:
    """Run a command of Rollbook in the registry."""
    subprocess.run(
        [sys.executable, "-m", "rollbook", "-C", str(root), *arguments], cwd=root.parent, check=True
    )


if __name__ == "__main__":
    main()
