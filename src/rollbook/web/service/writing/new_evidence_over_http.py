"""Evidence over HTTP: what was sent is attached, and numbered after what is on main and requested."""

import re
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field

from rollbook.api.json_document import document
from rollbook.names import parse_reference
from rollbook.propose import manifest_facts
from rollbook.propose.artifact_names import lawful_name
from rollbook.propose.facts_files import report_metrics
from rollbook.propose.new_evidence import Attachments, Examination, named, plan_evidence
from rollbook.propose.proposal import Write, branch_name
from rollbook.registry.registry import Registry
from rollbook.registry.request_branches import branch_tips
from rollbook.snapshot.tree_snapshot import commit_snapshot
from rollbook.web.service.writing.asked_write import AskedWrite
from rollbook.web.service.writing.landed_or_asked import Plan
from rollbook.web.service.writing.new_version import opened_store
from rollbook.web.service.writing.reception import Received
from rollbook.web.service.writing.told_bodies import Line, Metrics, Name, Text, Told

ATTACH, FILE = "attach", "file"


class LearntEvidence(Told):
    """A fact that was learnt about a version."""

    kind: Name = Field(description="What was examined.", examples=["evaluation", "fairness"])
    status: Literal["passed", "failed"]
    summary: Text = ""
    metrics: Metrics = Field({})
    tool: Line | None = Field(None, description="`NAME[==VERSION]`.")
    data: Line | None = Field(None, description="`NAME[@VERSION]`.")
    target: Line = Field("", description="Where a deployment runs.")
    uri: Annotated[str, Field(max_length=4000)] = ""


@contextmanager
def learnt(asked: AskedWrite, reference: str, body: LearntEvidence, came: Received) -> Iterator[Plan]:
    """Return what plans the evidence upon a commit, what is attached brought into DVC's cache; when an error
    ends the block, it leaves the cache again."""
    repository = asked.served.repository
    report = came.one(FILE)
    measured = report_metrics(report.path) if report else {}
    paths = _attached(came)
    examination = Examination(
        kind=body.kind,
        passed=body.status == "passed",
        summary=body.summary,
        metrics={**measured, **manifest_facts.finite(body.metrics)},
        data=named("data", body.data, "@") if body.data else {},
        tool=named("tool", body.tool, "==") if body.tool else {},
        uri=body.uri,
        target=body.target,
        attachments=paths,
    )
    with ExitStack() as stack:
        commit = asked.served.now().commit
        storage = stack.enter_context(opened_store(repository, commit)) if paths else None
        attachments = Attachments(repository, paths, storage)

        def plan(base: str) -> tuple[Write, Mapping[str, Any]]:
            with Registry(repository, commit_snapshot(repository, base)) as registry:
                version = registry.version(parse_reference(reference))
            taken = _requested(asked, version.model.name, version.version, body.kind)
            planned = plan_evidence(repository, base, reference, examination, attachments, taken=taken)
            told = document(planned.evidence)
            details = {name: told[name] for name in told if name not in ("branch", "commit", "uploaded")}
            return Write(planned.change, lambda: attachments.push(base)), details

        try:
            yield plan
        except BaseException:
            attachments.forget()
            raise


def _attached(came: Received) -> list[Path]:
    """Return the files to attach, each under a name of its own in a folder of its own."""
    paths = []
    for number, file in enumerate(came.of(ATTACH)):
        target = came.spool / f"attach-{number}" / lawful_name(Path(file.name).name or "attachment")
        target.parent.mkdir()
        file.path.rename(target)
        paths.append(target)
    return paths


def _requested(asked: AskedWrite, model: str, version: str, kind: str) -> list[int]:
    """Return the numbers that open requests have taken for evidence of a kind."""
    begin = branch_name("evidence", model, version, f"{kind}-")
    names = branch_tips(asked.served.repository, ask_remote=True)
    ends = (name.removeprefix(begin) for name in names if name.startswith(begin))
    return [int(end) for end in ends if re.fullmatch(r"[1-9][0-9]{0,8}", end)]
