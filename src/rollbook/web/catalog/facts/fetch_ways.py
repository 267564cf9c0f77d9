"""How to get a version: with each tool that people have."""

from __future__ import annotations

import json
import re
import shlex
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import quote

if TYPE_CHECKING:
    from rollbook.registry.model_version import ModelVersion

# What a stranger's clone can reach: not a path of the machine that built the pages.
_REACHABLE = re.compile(r"(https?|ssh|git)://\S+|[\w.-]+@[\w.-]+:\S+")


@dataclass(frozen=True, slots=True)
class FetchWay:
    """A tool, the text to copy, and what has to be known for it."""

    tool: str
    text: str
    note: str = ""


def fetch_ways(version: ModelVersion, address: str) -> list[FetchWay]:
    """Return how to get a version's artifact; `address` is where its registry can be cloned from."""
    model, artifact = version.model.name, version.manifest.artifact
    reference = str(version)
    at = address if _REACHABLE.fullmatch(address) else ""
    repo = f" --repo {shlex.quote(at)}" if at else ""
    rest = f"$ROLLBOOK_URL/api/v1/models/{quote(model)}/{quote(version.version)}/artifact"
    # A folder comes as one archive.
    output = artifact.path if artifact.files is None else f"{artifact.path}.tar"
    opened = f"Registry.at_address({json.dumps(at)})" if at else "Registry.open()"
    ways = [
        FetchWay(
            "Command",
            f"rollbook fetch {reference}{repo}",
            "Verifies size and SHA-256 before the file appears.",
        ),
        FetchWay(
            "Python",
            f"from rollbook import Registry\n\nwith {opened} as registry:\n"
            f"    registry.fetch({json.dumps(reference)})",
        ),
        FetchWay(
            "curl",
            f'curl --fail --location --output {shlex.quote(output)} "{rest}"',
            "ROLLBOOK_URL is the address of your rollbook serve.",
        ),
    ]
    if "/" not in model:
        # Other formats have no MLmodel file, without which MLflow loads nothing.
        call = "pyfunc.load_model" if artifact.format == "mlflow-model" else "artifacts.download_artifacts"
        ways.append(
            FetchWay(
                "MLflow",
                f'mlflow.{call}("models:/{model}/{version.version}")',
                "With the registry as MLflow's registry URI: mlflow.set_registry_uri(...).",
            )
        )
    # KServe calls a file as its address ends, and unpacks what ends as an archive does, also in the query:
    # https://github.com/kserve/kserve/blob/master/python/storage/kserve_storage/kserve_storage.py
    end = f"/files/{quote(artifact.path)}" if artifact.files is None else "?as=folder.tar"
    served = f"https://rollbook.example.com{rest.removeprefix('$ROLLBOOK_URL')}{end}"
    ways.append(
        FetchWay(
            "KServe",
            f"storageUri: {served}",
            "Put the address of your rollbook serve in the place of rollbook.example.com.",
        )
    )
    return ways


def verification_ways(version: ModelVersion, *, is_signed: bool) -> list[FetchWay]:
    """Return how to prove that bytes are those registered, and that what this page tells is what happened."""
    artifact = version.manifest.artifact
    if artifact.files is None:
        digest = f"echo {shlex.quote(f'{artifact.sha256}  {artifact.path}')} | sha256sum --check"
    else:
        digest = (
            f"cd {shlex.quote(artifact.path)} && find . -type f -printf '%P\\0' | LC_ALL=C sort -z"
            " | xargs -0 sha256sum -- | sha256sum"
        )
    ways = [FetchWay("The bytes", digest)]
    if is_signed:
        ways.append(FetchWay("Who signed them", f"rollbook verify {version}"))
    return [*ways, FetchWay("The audit trail", "rollbook audit verify", "Offline, in any clone.")]
