"""A version as a CycloneDX bill of materials for machine learning: https://cyclonedx.org/docs/1.6/json/

Components, hashes and dependencies are written by CycloneDX's own library. It knows no model cards, so that
part, which the standard defines under `modelCard`, is put into the JSON that it writes.
"""

from __future__ import annotations

import json
import re
import uuid
from datetime import datetime
from importlib import import_module
from typing import TYPE_CHECKING, Any

from rollbook import __version__, layout
from rollbook.check.environment_files import environment_lines
from rollbook.errors import BadCall, InvalidFile
from rollbook.insight.lineage.trace import trace
from rollbook.insight.lineage.uri import as_uri
from rollbook.text import decoded

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rollbook.insight.lineage.trace import Traced
    from rollbook.records.data_sets import DataSet
    from rollbook.registry.model_version import ModelVersion


def bill_of_materials(version: ModelVersion) -> dict[str, Any]:
    """Return the version, its data sets, libraries and parents as a CycloneDX 1.6 document, the same each
    time.

    Libraries are the manifest's `environment.dependencies` and what the environment's files beside it pin.
    Raises BadCall without the extra `bom`, InvalidFile for a file that can't be read.
    """
    lineage = trace(version.model.registry, str(version))
    item = lineage.asked
    model = _component_of(item, item.reference)
    parents = [
        _component_of(lineage.versions[parent], f"parent:{parent}")
        if parent in lineage.versions
        else _bare(parent)
        for parent in item.origin.parents
    ]
    chain = item.origin.chain
    every = [*chain.trained_on, *chain.sources]
    data = {id(one): _data_component(one, place) for place, one in enumerate(every)}
    made_from = [(data[id(one)], [data[id(source)] for source in chain.made_from(one)]) for one in every]
    trained_on = [data[id(one)] for one in chain.trained_on]
    libraries = [_library(*name, number) for name, number in _dependencies(version).items()]
    uses = [(model, [*trained_on, *libraries]), *((made, sources) for made, sources in made_from if sources)]
    written = _written(item, parents, [*data.values(), *libraries], uses)
    references = [one.bom_ref.value for one in trained_on]
    written["metadata"]["component"]["modelCard"] = _model_card(version, references)
    return written


def _written(
    item: Traced, parents: list[Any], components: list[Any], uses: list[tuple[Any, list[Any]]]
) -> dict[str, Any]:
    """Return the document. `uses` is what each component was made with, the model first."""
    bom_of, tool = _of("model.bom"), _of("model.tool")
    model = uses[0][0]
    made = bom_of.Bom(
        components=components,
        serial_number=uuid.uuid5(uuid.NAMESPACE_URL, f"{item.reference}:{item.manifest.artifact.sha256}"),
        metadata=bom_of.BomMetaData(
            component=model,
            timestamp=_moment(item),
            tools=tool.ToolRepository(
                components=[_component("application", name="rollbook", version=__version__)]
            ),
        ),
    )
    if parents:
        model.pedigree = _of("model.component").Pedigree(ancestors=parents)
    for user, used in uses:
        made.register_dependency(user, used)
    output = _of("output.json").JsonV1Dot6(made)
    document: dict[str, Any] = json.loads(output.output_as_string())
    return document


def _component_of(item: Traced, bom_ref: str) -> Any:
    model, number = item.reference.split("@", 1)
    manifest, codes = item.manifest, item.origin.codes
    facts = {"rollbook:stage": item.stage, "rollbook:format": manifest.artifact.format}
    if manifest.artifact.files is not None:
        facts["rollbook:sha256-of-folder"] = manifest.artifact.sha256
    for place, code in enumerate(codes):
        name = f":{code.role or place + 1}" if place else ""
        facts[f"rollbook:code-commit{name}"] = code.commit
    addresses = dict.fromkeys(address for code in codes if (address := as_uri(code.repository)))
    return _component(
        "machine-learning-model",
        name=model.rpartition("/")[2],
        group=model.rpartition("/")[0] or None,
        version=number,
        bom_ref=bom_ref,
        description=manifest.description or None,
        hashes=[] if manifest.artifact.files is not None else _hashes(manifest.artifact.sha256),
        external_references=[_reference("vcs", address) for address in addresses],
        properties=[_of("model").Property(name=name, value=value) for name, value in facts.items()],
    )


def _bare(parent: str) -> Any:
    model, _, number = parent.partition("@")
    group, _, name = model.rpartition("/")
    return _component(
        "machine-learning-model",
        name=name,
        group=group or None,
        version=number or None,
        bom_ref=f"parent:{parent}",
    )


def _data_component(data: DataSet, place: int) -> Any:
    address = as_uri(data.uri)
    facts = {"rollbook:step": data.step, "rollbook:code-commit": data.code.commit if data.code else ""}
    return _component(
        "data",
        name=data.name,
        version=data.version or None,
        bom_ref=f"data:{place}:{data}",
        hashes=_hashes(data.digest),
        external_references=[_reference("distribution", address)] if address else [],
        properties=[_of("model").Property(name=name, value=value) for name, value in facts.items() if value],
    )


def _library(manager: str, name: str, number: str) -> Any:
    purl = import_module("packageurl").PackageURL(manager, None, name, number)
    return _component("library", name=name, version=number, purl=purl, bom_ref=f"{manager}:{name}")


def _component(kind: str, **facts: Any) -> Any:
    component = _of("model.component")
    return component.Component(type=component.ComponentType(kind), **facts)


def _hashes(sha256: str) -> list[Any]:
    model = _of("model")
    match = re.fullmatch("[0-9a-f]{64}", sha256)
    return [model.HashType(alg=model.HashAlgorithm.SHA_256, content=sha256)] if match else []


def _reference(kind: str, address: str) -> Any:
    model = _of("model")
    return model.ExternalReference(type=model.ExternalReferenceType(kind), url=model.XsUri(address))


def _dependencies(version: ModelVersion) -> Mapping[tuple[str, str], str]:
    """Return the version of each library, by whose package it is and its name; what the manifest says wins
    over what the files pin.
    """
    directory = layout.version_directory(version.model.name, version.version)
    names = layout.ENVIRONMENT_FILES
    files = version.model.registry.snapshot.read_many([f"{directory}/{name}" for name in names])
    pinned = [
        line
        for name, data in zip(names, files, strict=True)
        for line in (environment_lines(name, decoded(data)) if data else ())
        if line.name and line.version and not line.loose
    ]
    libraries = {(line.manager, _canonical(line.name)): line.version for line in pinned}
    told = version.manifest.environment.get("dependencies")
    for name, number in (told if isinstance(told, dict) else {}).items():
        plain = _canonical(str(name))
        libraries["conda" if ("conda", plain) in libraries else "pypi", plain] = str(number)
    return libraries


def _canonical(name: str) -> str:
    """Return a library's one name among those that PyPI takes for the same."""
    return re.sub(r"[-_.]+", "-", name).lower()


def _model_card(version: ModelVersion, data: list[str]) -> dict[str, Any]:
    """Return the standard's `modelCard`: what the model is for, reads and returns, and how good it is."""
    manifest = version.manifest
    parameters: dict[str, Any] = {
        "task": version.model.record.task,
        "modelArchitecture": manifest.algorithm,
        "datasets": [{"ref": reference} for reference in data],
        "inputs": _formats(manifest.signature.get("inputs")),
        "outputs": _formats(manifest.signature.get("outputs")),
    }
    metrics = [{"type": name, "value": repr(value)} for name, value in manifest.metrics.items()]
    hyperparameters = [
        {
            "name": f"rollbook:hyperparameter:{name}",
            "value": value if isinstance(value, str) else json.dumps(value),
        }
        for name, value in manifest.hyperparameters.items()
    ]
    card = {
        "modelParameters": {name: value for name, value in parameters.items() if value},
        "quantitativeAnalysis": {"performanceMetrics": metrics} if metrics else None,
        "properties": hyperparameters,
    }
    return {name: value for name, value in card.items() if value}


def _formats(columns: Any) -> list[dict[str, str]]:
    if not isinstance(columns, list):
        return []
    return [
        {"format": f"{column.get('name')}: {column.get('dtype')}"}
        for column in columns
        if isinstance(column, dict)
    ]


def _moment(item: Traced) -> datetime:
    try:
        return datetime.fromisoformat(item.manifest.created_at)
    except ValueError as error:
        model, number = item.reference.split("@", 1)
        path = layout.manifest_path(model, number)
        raise InvalidFile("is no time of RFC 3339", path=path, key="created_at") from error


def _of(module: str) -> Any:
    """Return a module of CycloneDX's library. Raises BadCall when it is not installed."""
    try:
        return import_module(f"cyclonedx.{module}")
    except ImportError as error:
        hint = 'pip install "rollbook[bom]"'
        raise BadCall("cyclonedx-python-lib is not installed", hint=hint) from error
