"""What is read of one version: named by itself, by a stage, by an alias, or as the latest."""

from dataclasses import replace
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from rollbook.artifact.environment_file import environment_file
from rollbook.check.standing_report import gate_report
from rollbook.insight.lineage.trace import Lineage
from rollbook.names import Reference
from rollbook.web.identity.caller import Right
from rollbook.web.service.asking import (
    AskedReading,
    LiveReading,
    MainReading,
    ModelName,
    StageName,
    VersionReference,
)
from rollbook.web.service.heavy_work import heavy
from rollbook.web.service.middleware.kept_answers import fixed_by_commit
from rollbook.web.service.reading import read_models
from rollbook.web.service.reading.read_answers import JSON, Reading, accepted, offers
from rollbook.web.service.reading.shapes import version_document

router = APIRouter(tags=["versions"])
_BASE = "/models/{name:model}/{reference}"
MARKDOWN, HTML, PLAIN = "text/markdown", "text/html", "text/plain"
# A card may hold what others wrote: a browser that opens it runs nothing and asks nobody.
SHUT_IN = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; sandbox; frame-ancestors 'none'"


@router.get(_BASE, response_model=read_models.VersionDocument, operation_id="show_version")
@fixed_by_commit
def show_version(reading: AskedReading, name: ModelName, reference: VersionReference) -> Response:
    """Show everything that is known of a version."""
    version = reading.version(Right.READ, name, reference)
    return reading.answer(version_document(reading.registry.show(Reference(name, version.version))))


@router.get(f"{_BASE}/resolve", response_model=read_models.ResolvedVersion, operation_id="resolve_version")
@fixed_by_commit
def resolve_version(reading: AskedReading, name: ModelName, reference: VersionReference) -> Response:
    """Tell which version a reference stands for, and the digest of its bytes."""
    version = reading.version(Right.READ, name, reference)
    return reading.answer(reading.registry.resolve(Reference(name, version.version)))


@router.get(f"{_BASE}/evidence", response_model=read_models.EvidenceList, operation_id="list_evidence")
@fixed_by_commit
def list_evidence(reading: AskedReading, name: ModelName, reference: VersionReference) -> Response:
    """List what was learnt about a version, by kind and number."""
    version = reading.version(Right.READ, name, reference)
    told = [evidence.as_document() for evidence in version.evidence()]
    return reading.answer({"model": name, "version": version.version, "evidence": told})


@router.get(f"{_BASE}/notes", response_model=read_models.Notes, operation_id="show_notes")
@fixed_by_commit
def show_notes(reading: AskedReading, name: ModelName, reference: VersionReference) -> Response:
    """Show what may change about a version: its description, its tags."""
    return reading.answer(reading.version(Right.READ, name, reference).notes())


@router.get(
    f"{_BASE}/card",
    operation_id="show_card",
    response_class=Response,
    responses={
        200: {"content": {MARKDOWN: {"schema": {"type": "string"}}, HTML: {"schema": {"type": "string"}}}}
    },
)
@offers(MARKDOWN, HTML)
@fixed_by_commit
def show_card(
    request: Request, reading: AskedReading, name: ModelName, reference: VersionReference
) -> Response:
    """Show a version's model card, made from what the registry knows, as Markdown or as a page of HTML."""
    version = reading.version(Right.READ, name, reference)
    is_html = accepted(request, MARKDOWN, HTML) == HTML
    card = reading.registry.card(str(version), html=is_html)
    if not is_html:
        return reading.text(card.text, MARKDOWN, "markdown")
    answer = reading.text(card.text, HTML, "html")
    answer.headers["content-security-policy"] = SHUT_IN
    return answer


@router.get(f"{_BASE}/gates/{{stage}}", response_model=read_models.GateReports, operation_id="show_gates")
def show_gates(
    reading: MainReading,
    name: ModelName,
    reference: VersionReference,
    stage: StageName,
) -> Response:
    """Show gate by gate what a promotion meets now. The programs that gates name are not run here."""
    version = reading.version(Right.READ, name, reference)
    with heavy():
        repository = reading.registry.repository
        report = gate_report(repository, Reference(name, version.version), stage, may_run=False)
    return reading.answer({"met": report.met, "promotions": [report.as_document()]})


@router.get(f"{_BASE}/signature", response_model=read_models.Columns, operation_id="show_signature")
@fixed_by_commit
def show_signature(
    reading: AskedReading,
    name: ModelName,
    reference: VersionReference,
    form: Annotated[
        Literal["rollbook", "mlflow", "open-inference"] | None, Query(description="As others write it.")
    ] = None,
) -> Response:
    """Show what goes into a version and what comes out."""
    version = reading.version(Right.READ, name, reference)
    signature = reading.registry.signature(Reference(name, version.version))
    return reading.answer(signature if form is None else signature.in_form(form))


@router.get(
    f"{_BASE}/environment",
    operation_id="get_environment",
    response_class=Response,
    responses={200: {"content": {PLAIN: {"schema": {"type": "string"}}}}},
)
@offers(PLAIN)
@fixed_by_commit
def get_environment(reading: AskedReading, name: ModelName, reference: VersionReference) -> Response:
    """Get the file of a version's environment, such as requirements.txt or uv.lock, as registered."""
    version = reading.version(Right.READ, name, reference)
    file, data = environment_file(version)
    headers = {**reading.headers(reading.etag()), "content-disposition": f'attachment; filename="{file}"'}
    return Response(data, media_type=PLAIN, headers=headers)


@router.get(f"{_BASE}/bom", response_model=read_models.BillOfMaterials, operation_id="show_bom")
@offers(JSON, "application/vnd.cyclonedx+json")
@fixed_by_commit
def show_bom(reading: AskedReading, name: ModelName, reference: VersionReference) -> Response:
    """Show a version's bill of materials, a CycloneDX document."""
    return reading.answer(reading.registry.bom(str(reading.version(Right.READ, name, reference))))


@router.get(f"{_BASE}/lineage", response_model=read_models.Lineage, operation_id="show_lineage")
def show_lineage(reading: LiveReading, name: ModelName, reference: VersionReference) -> Response:
    """Show what a version came from, theirs, and what became of it; of models that you may not read no more
    than that versions of theirs are parents."""
    reading.require(Right.READ, name)
    version = reading.version(Right.READ, name, reference)
    with heavy():
        return reading.answer(_readable(reading, reading.registry.lineage(str(version))))


@router.get(f"{_BASE}/descendants", response_model=read_models.Descendants, operation_id="list_descendants")
def list_descendants(reading: LiveReading, name: ModelName, reference: VersionReference) -> Response:
    """List every version that came from this one."""
    reading.require(Right.READ)
    version = reading.version(Right.READ, name, reference)
    with heavy():
        return reading.answer({"descendants": [*reading.registry.descendants(parent=str(version))]})


def _readable(reading: Reading, lineage: Lineage) -> Lineage:
    """Return a lineage without the ancestors that the caller may not read, and without what only these lead
    to."""
    read: set[str] = set()
    waiting = [lineage.reference]
    while waiting:
        traced = lineage.versions.get(reference := waiting.pop())
        model = reference.partition("@")[0]
        if traced and reference not in read and reading.caller.may(Right.READ, model, traced.stage):
            read.add(reference)
            waiting += traced.origin.parents
    kept = {reference: traced for reference, traced in lineage.versions.items() if reference in read}
    told = {parent for traced in kept.values() for parent in traced.origin.parents}
    missing = tuple(parent for parent in lineage.missing if parent in told)
    return replace(lineage, versions=kept, missing=missing)
