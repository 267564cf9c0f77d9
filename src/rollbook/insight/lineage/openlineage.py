"""A lineage as OpenLineage events: https://openlineage.io/spec/2-0-2/OpenLineage.json

Each version is the output of a training run, a completed one. Its inputs are the data sets, the feature set
and the parent versions.
"""

from __future__ import annotations

import json
import uuid
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlsplit

from rollbook import __version__
from rollbook.insight.lineage.import_lineage import home_of_parents
from rollbook.insight.lineage.uri import as_uri

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rollbook.insight.lineage.trace import Lineage, Traced
    from rollbook.records.data_sets import DataSet
    from rollbook.records.training_code import TrainingCode
    from rollbook.registry.deployments import Deployment

_SPEC = "https://openlineage.io/spec"
_PRODUCER = f"https://rollbook.dev/{__version__}"
_NAMESPACE = "rollbook"
_RUN_EVENT = f"{_SPEC}/2-0-2/OpenLineage.json#/$defs/RunEvent"
# The version of each facet's schema, by the facet's class there.
_FACETS = {
    "DatasetVersionDatasetFacet": "1-0-1",
    "DatasourceDatasetFacet": "1-0-1",
    "SymlinksDatasetFacet": "1-0-1",
    "TagsDatasetFacet": "1-0-0",
    "InputStatisticsInputDatasetFacet": "1-0-0",
    "OutputStatisticsOutputDatasetFacet": "1-0-2",
    "JobTypeJobFacet": "2-0-4",
    "SourceCodeLocationJobFacet": "1-1-0",
    "TagsJobFacet": "1-0-0",
    "ExecutionParametersRunFacet": "1-0-0",
    "ProcessingEngineRunFacet": "1-1-1",
    "TagsRunFacet": "1-0-0",
}


def as_events(lineage: Lineage) -> list[dict[str, Any]]:
    """One RunEvent for each step that made data; one for each version of the lineage, the version asked for
    last; then one for each target it was deployed to."""
    versions = [*reversed([*lineage.versions.values()])]
    steps = {event["run"]["runId"]: event for item in versions for event in _steps(item)}
    trainings = [_event(item) for item in versions]
    return [*steps.values(), *trainings, *(_deployment(lineage.asked, one) for one in lineage.deployments)]


def _steps(item: Traced) -> list[dict[str, Any]]:
    """Return the runs that made the data that a version was trained on, the first data first.

    When they ran is not known: they were over when the version was registered.
    """
    chain = item.origin.chain
    events = []
    for made in reversed([*chain.trained_on, *chain.sources]):
        sources = chain.made_from(made)
        if not sources:
            continue
        name, code = made.step or f"make {made.name}", made.code.commit if made.code else ""
        told = json.dumps([str(made), made.digest, name, [str(one) for one in sources], code])
        job_type = _facet("JobTypeJobFacet", processingType="BATCH", integration="ROLLBOOK", jobType="DATA")
        source = {"sourceCodeLocation": _source(made.code)} if made.code else {}
        events.append(
            {
                "eventType": "COMPLETE",
                "eventTime": item.manifest.created_at,
                "producer": _PRODUCER,
                "schemaURL": _RUN_EVENT,
                # The same step of two versions is the same run.
                "run": {"runId": str(uuid.uuid5(uuid.NAMESPACE_URL, f"rollbook:data:{told}")), "facets": {}},
                "job": {"namespace": _NAMESPACE, "name": name, "facets": {"jobType": job_type} | source},
                "inputs": [_data_set(one) for one in sources],
                "outputs": [_output(made)],
            }
        )
    return events


def _output(made: DataSet) -> dict[str, Any]:
    written = _data_set(made)
    if written.pop("inputFacets", None):
        statistics = _facet("OutputStatisticsOutputDatasetFacet", rowCount=made.rows)
        written["outputFacets"] = {"outputStatistics": statistics}
    return written


def _deployment(item: Traced, one: Deployment) -> dict[str, Any]:
    """Return the run of a deployment job, one for each model and target: the version went in, the target runs
    it.
    """
    model, version = _name_and_version(item.reference)
    job_type = _facet("JobTypeJobFacet", processingType="BATCH", integration="ROLLBOOK", jobType="DEPLOYMENT")
    tags = {"status": one.status, "replaced_by": one.replaced_by, "uri": one.uri}
    return {
        "eventType": "FAIL" if one.status == "failed" else "COMPLETE",
        "eventTime": one.at,
        "producer": _PRODUCER,
        "schemaURL": _RUN_EVENT,
        "run": {
            "runId": str(uuid.uuid5(uuid.NAMESPACE_URL, f"rollbook:{item.reference}:{one.evidence}")),
            "facets": {"tags": _tags("TagsRunFacet", {"evidence": one.evidence, "by": one.by})},
        },
        "job": {
            "namespace": _NAMESPACE,
            "name": f"{model}/deployment/{one.target}".rstrip("/"),
            "facets": {"jobType": job_type},
        },
        "inputs": [_dataset(model, version)],
        "outputs": [_dataset(f"deployments/{model}/{one.target}".rstrip("/"), version, tags)],
    }


def _event(item: Traced) -> dict[str, Any]:
    manifest, origin = item.manifest, item.origin
    inputs = [_data_set(one) for one in origin.chain.trained_on]
    if origin.features:
        inputs.append(_dataset(f"features/{origin.features.name}", origin.features.version))
    home = home_of_parents(item.imported)
    parents = (_name_and_version(parent) for parent in origin.parents)
    inputs += [_dataset(*parent, also_in=[home] if home else []) for parent in parents]
    model, version = _name_and_version(item.reference)
    return {
        "eventType": "COMPLETE",
        "eventTime": manifest.created_at,
        "producer": _PRODUCER,
        "schemaURL": _RUN_EVENT,
        # The same version is the same run, whenever and wherever this is asked.
        "run": {
            "runId": str(
                uuid.uuid5(uuid.NAMESPACE_URL, f"rollbook:{item.reference}:{manifest.artifact.sha256}")
            ),
            "facets": _run_facets(item),
        },
        "job": {"namespace": _NAMESPACE, "name": model, "facets": _job_facets(item)},
        "inputs": inputs,
        "outputs": [
            {
                **_dataset(
                    model,
                    version,
                    {
                        "sha256": manifest.artifact.sha256,
                        "format": manifest.artifact.format,
                        "stage": item.stage,
                    },
                    also_in=[source.registry for source in item.imported.sources] if item.imported else [],
                ),
                "outputFacets": {
                    "outputStatistics": _facet(
                        "OutputStatisticsOutputDatasetFacet",
                        size=manifest.artifact.size,
                        fileCount=manifest.artifact.files or 1,
                    )
                },
            }
        ],
    }


def _run_facets(item: Traced) -> dict[str, Any]:
    manifest, run = item.manifest, item.origin.run
    facets = {}
    if manifest.hyperparameters:
        parameters = [
            {"key": name, "value": value if isinstance(value, str) else json.dumps(value)}
            for name, value in manifest.hyperparameters.items()
        ]
        facets["executionParameters"] = _facet("ExecutionParametersRunFacet", parameters=parameters)
    framework = {name: str(value) for name, value in manifest.framework.items()}
    if "version" in framework:
        facets["processing_engine"] = _facet(
            "ProcessingEngineRunFacet", name=framework.get("name", ""), version=framework["version"]
        )
    if run:
        facets["tags"] = _tags("TagsRunFacet", {"run.tool": run.tool, "run.id": run.id, "run.uri": run.uri})
    return facets


def _job_facets(item: Traced) -> dict[str, Any]:
    job_type = _facet("JobTypeJobFacet", processingType="BATCH", integration="ROLLBOOK", jobType="TRAINING")
    code, *others = item.origin.codes or (None,)
    # The facet holds one place of code: what else there was is told by tags.
    tags = {
        f"code.{one.role or place}": str(replace(one, role="")) for place, one in enumerate(others, 2) if one
    }
    return (
        {"jobType": job_type}
        | ({"sourceCodeLocation": _source(code)} if code else {})
        | ({"tags": _tags("TagsJobFacet", tags)} if tags else {})
    )


def _source(code: TrainingCode) -> dict[str, Any]:
    # The facet demands a URL. Code that has none is still named by its commit.
    address = as_uri(code.repository) or f"urn:git:{quote(code.commit, safe='')}"
    optional_fields = {"repoUrl": code.repository, "branch": code.branch}
    return _facet(
        "SourceCodeLocationJobFacet",
        type="git",
        url=address,
        version=code.commit,
        **{name: value for name, value in optional_fields.items() if value},
    )


def _data_set(data: DataSet) -> dict[str, Any]:
    dataset = _dataset(data.name, data.version, {"sha256": data.digest})
    uri = as_uri(data.uri)
    if uri:
        dataset["facets"]["dataSource"] = _facet("DatasourceDatasetFacet", name=data.name, uri=uri)
        address = urlsplit(uri)
        if address.netloc and address.path.strip("/"):
            dataset |= {"namespace": f"{address.scheme}://{address.netloc}", "name": address.path.strip("/")}
    if data.rows is not None:
        dataset["inputFacets"] = {
            "inputStatistics": _facet("InputStatisticsInputDatasetFacet", rowCount=data.rows)
        }
    return dataset


def _dataset(
    name: str, version: str = "", tags: dict[str, str] | None = None, also_in: Sequence[str] = ()
) -> dict[str, Any]:
    """Return a data set, or a model as one. `also_in` are other registries that know it by the same name."""
    facets = {}
    if version:
        facets["version"] = _facet("DatasetVersionDatasetFacet", datasetVersion=version)
    if any((tags or {}).values()):
        facets["tags"] = _tags("TagsDatasetFacet", tags or {})
    if also_in:
        others = [{"namespace": registry, "name": name, "type": "MODEL"} for registry in also_in]
        facets["symlinks"] = _facet("SymlinksDatasetFacet", identifiers=others)
    return {"namespace": _NAMESPACE, "name": name, "facets": facets}


def _name_and_version(reference: str) -> tuple[str, str]:
    name, _, version = reference.partition("@")
    return name, version


def _tags(kind: str, tags: dict[str, str]) -> dict[str, Any]:
    return _facet(
        kind,
        tags=[{"key": key, "value": value, "source": "ROLLBOOK"} for key, value in tags.items() if value],
    )


def _facet(kind: str, **content: Any) -> dict[str, Any]:
    schema = f"{_SPEC}/facets/{_FACETS[kind]}/{kind}.json#/$defs/{kind}"
    return {"_producer": _PRODUCER, "_schemaURL": schema, **content}
