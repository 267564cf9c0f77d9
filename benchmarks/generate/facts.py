"""What the files of a version say: facts of the kind that teams write down, made up and always the same."""

from __future__ import annotations

import hashlib
import random
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from benchmarks.generate.yaml_text import yaml_text
from rollbook import layout
from rollbook.artifact.pointer import Pointer, pointer_data
from rollbook.names import time_text
from rollbook.schema.schemas import schema_line

if TYPE_CHECKING:
    from benchmarks.generate.plan import ModelPlan

PEOPLE = ("jane", "amir", "sofia", "kenji", "lena", "omar", "priya", "tom", "maria", "wei")


@dataclass(frozen=True, slots=True)
class Task:
    """A kind of model: what measures it (name, typical value, spread) and what it is made with."""

    name: str
    metrics: tuple[tuple[str, float, float], ...]
    algorithm: str
    framework: tuple[str, str]
    artifact: tuple[str, str]
    parameters: tuple[tuple[str, tuple[Any, ...]], ...]


TASKS = (
    Task(
        "binary-classification",
        (("auc", 0.9, 0.05), ("accuracy", 0.88, 0.06), ("f1", 0.8, 0.1), ("log_loss", 0.31, 0.1)),
        "gradient-boosted-trees", ("xgboost", "2.1.1"), ("model.json", "json"),
        (("learning_rate", (0.03, 0.05, 0.1)), ("max_depth", (4, 6, 8)), ("n_estimators", (300, 600, 900)),
         ("scale_pos_weight", (1.0, 4.5)), ("objective", ("binary:logistic",))),
    ),
    Task(
        "tabular-regression",
        (("rmse", 12.4, 4.0), ("mae", 8.1, 2.5), ("r2", 0.82, 0.1)),
        "random-forest", ("scikit-learn", "1.5.2"), ("model.joblib", "joblib"),
        (("n_estimators", (200, 400)), ("max_depth", (None, 12, 20)), ("min_samples_leaf", (1, 5)),
         ("bootstrap", (True, False))),
    ),
    Task(
        "text-classification",
        (("accuracy", 0.91, 0.05), ("f1_macro", 0.87, 0.07), ("latency_p99_ms", 38.0, 15.0)),
        "transformer", ("pytorch", "2.4.1"), ("model.safetensors", "safetensors"),
        (("epochs", (3, 5, 8)), ("batch_size", (16, 32, 64)), ("warmup_ratio", (0.06, 0.1)),
         ("optimizer", ({"name": "adamw", "lr": 2e-05}, {"name": "adamw", "lr": 5e-05})), ("fp16", (True,))),
    ),
    Task(
        "time-series-forecasting",
        (("mape", 7.9, 3.0), ("smape", 8.4, 3.0), ("rmse", 230.0, 80.0)),
        "gradient-boosting", ("lightgbm", "4.5.0"), ("model.txt", "lightgbm"),
        (("num_leaves", (31, 63, 127)), ("learning_rate", (0.02, 0.05)), ("horizon_days", (7, 14, 28)),
         ("lags", ([1, 7, 28], [1, 7, 14, 28, 364]))),
    ),
    Task(
        "image-classification",
        (("top1", 0.86, 0.06), ("top5", 0.97, 0.02), ("ece", 0.03, 0.02)),
        "convolutional-network", ("onnx", "1.16.2"), ("model.onnx", "onnx"),
        (("backbone", ("resnet50", "convnext-tiny")), ("image_size", (224, 288)), ("epochs", (40, 80)),
         ("label_smoothing", (0.0, 0.1)), ("augment", ("randaugment", "trivial"))),
    ),
)  # fmt: skip
_DATA = ("events", "orders", "applications", "sessions", "images", "transcripts", "prices", "sensors")
_FEATURES = (
    "age", "income", "tenure_months", "open_credit_lines", "late_payments", "basket_value", "visits_30d",
    "distance_km", "weekday", "hour", "country", "device", "discount", "stock_level", "temperature",
    "sentiment",
)  # fmt: skip
_USES = ("every order", "the weekly plan", "the app")
_TYPES = ("float32", "int64", "string", "float64")
_WHY = (
    "Weekly retraining on the newest {data}.",
    "Adds {feature}; trained on {data} up to {month}.",
    "Tunes {parameter}: the last one overfitted in {month}.",
    "Fixes a leak of {feature} in the training split, found by {person}.",
    "New {data} from the second warehouse; nothing else has changed.",
)


@dataclass(frozen=True, slots=True)
class VersionFacts:
    """A version's manifest as data, and the files that are registered with it, by path."""

    model: str
    version: str
    manifest: dict[str, Any]
    files: dict[str, bytes]

    @property
    def description(self) -> str:
        return str(self.manifest["description"])


def email(number: int) -> str:
    """One of the people who work here."""
    return f"{PEOPLE[number % len(PEOPLE)]}@example.com"


def task_of(model: ModelPlan) -> Task:
    return TASKS[model.number % len(TASKS)]


def model_file(model: ModelPlan) -> tuple[str, bytes]:
    """The path and the content of a model.yaml."""
    path = layout.model_path(model.name)
    record = {
        "name": model.name,
        "owner": email(model.number),
        "team": model.team,
        "task": task_of(model).name,
        "use_case": f"Used by {model.team} in {_USES[model.number % len(_USES)]}.",
        "tags": {"tier": f"tier-{model.number % 3 + 1}", "cost-centre": f"CC-{1000 + model.number % 40}"},
    }
    return path, yaml_text(record, schema_line("model", path))


def version_facts(
    model: ModelPlan, version: str, seconds: int, parents: list[str], artifact: bytes | None, seed: int
) -> VersionFacts:
    """Everything that is registered with a version at a Unix time. `artifact` are its bytes where they exist,
    None where they never did."""
    dice = random.Random(f"{seed}/{model.name}@{version}")
    task = task_of(model)
    manifest = _manifest(model, version, seconds, dice)
    manifest["artifact"], pointer = _artifact(task, artifact, dice)
    manifest["lineage"] = _lineage(model, seconds, parents, dice)
    files: dict[str, bytes] = {}
    directory = layout.version_directory(model.name, version)
    if dice.random() < 0.25:
        requirements = _requirements(task)
        files[f"{directory}/requirements.txt"] = requirements
        manifest["environment"] |= {
            "requirements": "requirements.txt",
            "sha256": hashlib.sha256(requirements).hexdigest(),
        }
    if dice.random() < 0.1:
        files[layout.card_path(model.name, version)] = _card(task, model, version, manifest)
        manifest["card"] = "card.md"
    path = layout.manifest_path(model.name, version)
    manifest = {name: manifest[name] for name in _ORDER if name in manifest}
    files[path] = yaml_text(manifest, schema_line("version", path))
    files[layout.pointer_path(model.name, version, pointer.path)] = yaml_text(pointer_data(pointer))
    return VersionFacts(model.name, version, manifest, files)


_ORDER = (
    "model", "version", "created_at", "created_by", "description", "artifact", "framework", "algorithm",
    "hyperparameters", "metrics", "features", "signature", "training", "environment", "lineage", "tags",
    "card",
)  # fmt: skip


def _manifest(model: ModelPlan, version: str, seconds: int, dice: random.Random) -> dict[str, Any]:
    task = task_of(model)
    features = sorted(dice.sample(_FEATURES, dice.randint(4, 10)))
    month = time_text(seconds)[:7]
    why = dice.choice(_WHY).format(
        data=_dataset(model, 0), feature=features[0], month=month, person=dice.choice(PEOPLE).capitalize(),
        parameter=task.parameters[0][0],
    )  # fmt: skip
    return {
        "model": model.name,
        "version": version,
        "created_at": time_text(seconds - dice.randint(300, 3000)),
        "created_by": email(dice.randrange(len(PEOPLE))),
        "description": why,
        "framework": {"name": task.framework[0], "version": task.framework[1]},
        "algorithm": task.algorithm,
        "hyperparameters": {name: dice.choice(values) for name, values in task.parameters},
        "metrics": {
            name: round(typical + (dice.random() - 0.5) * spread, 4) for name, typical, spread in task.metrics
        },
        "features": features,
        "signature": {
            "inputs": [
                {"name": name, "dtype": _TYPES[place % len(_TYPES)], "shape": [-1]}
                for place, name in enumerate(features)
            ],
            "outputs": [{"name": "score", "dtype": "float32", "shape": [-1]}],
        },
        "training": {
            "started_at": time_text(seconds - 3600 * dice.randint(2, 40)),
            "duration_seconds": round(dice.random() * 20000 + 60, 1),
            "dataset_version": month,
            "rows": dice.randint(20_000, 5_000_000),
        },
        "environment": {"python": f"3.{dice.randint(10, 12)}.{dice.randint(1, 9)}"},
        "tags": {
            "campaign": dice.choice(("weekly", "monthly", "one-off")),
            "trigger": dice.choice(("ci", "hand")),
        },
    }


def _artifact(task: Task, data: bytes | None, dice: random.Random) -> tuple[dict[str, Any], Pointer]:
    name, form = task.artifact
    if data is None:
        size, sha256, md5 = (
            dice.randint(20_000, 900_000_000),
            dice.randbytes(32).hex(),
            dice.randbytes(16).hex(),
        )
    else:
        size, sha256 = len(data), hashlib.sha256(data).hexdigest()
        md5 = hashlib.md5(data, usedforsecurity=False).hexdigest()
    return {"path": name, "format": form, "size": size, "sha256": sha256}, Pointer(name, md5, size, None)


def _dataset(model: ModelPlan, place: int) -> str:
    return f"{model.team}-{_DATA[(model.number + place) % len(_DATA)]}"


def _lineage(model: ModelPlan, seconds: int, parents: list[str], dice: random.Random) -> dict[str, Any]:
    month = time_text(seconds)[:7]
    data = []
    for place in range(dice.randint(1, 3)):
        name = _dataset(model, place)
        digest = hashlib.sha256(f"{name}@{month}".encode()).hexdigest()
        rows = 20_000 + int(digest[:5], 16)
        uri = f"s3://datasets/{name}/{month}"
        data.append({"name": name, "version": month, "uri": uri, "digest": digest, "rows": rows})
    run = dice.randbytes(8).hex()
    lineage: dict[str, Any] = {
        "data": data,
        "code": {
            "repository": f"https://git.example.com/{model.team}/training",
            "commit": dice.randbytes(20).hex(),
            "branch": "main",
            "dirty": dice.random() < 0.05,
        },
        "run": {"tool": "mlflow", "id": run, "uri": f"https://mlflow.example.com/#/runs/{run}"},
    }
    if parents:
        lineage["parents"] = parents
    return lineage


def _requirements(task: Task) -> bytes:
    name, version = task.framework
    pins = {name: version, "numpy": "2.1.3", "pandas": "2.2.3", "scipy": "1.14.1", "pyarrow": "17.0.0"}
    return "".join(f"{name}=={version}\n" for name, version in sorted(pins.items())).encode()


def _card(task: Task, model: ModelPlan, version: str, manifest: dict[str, Any]) -> bytes:
    front = yaml_text(
        {
            "license": "other",
            "license_name": "example-internal-1.0",
            "library_name": task.framework[0],
            "metrics": list(manifest["metrics"]),
            "datasets": [_dataset(model, 0)],
        }
    ).decode()
    return (
        f"---\n{front}---\n\n# {model.name} {version}\n\n{manifest['description']}\n\n## Intended use\n\n"
        f"Decisions of {model.team}, never without a person for appeals.\n\n## Limitations\n\n"
        "Trained on one year of data; new customers are rare in it.\n"
    ).encode()
