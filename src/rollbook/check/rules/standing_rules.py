"""What is wrong with files as they stand, whatever they were before: rules for the registry as a whole, for
paths, for contents."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rollbook.access import code_owners
from rollbook.check.finding import Finding
from rollbook.check.rules.model_rules import directory_findings, model_findings
from rollbook.check.rules.name_rules import root_findings, twins
from rollbook.check.rules.path_rules import path_findings
from rollbook.check.rules.policy_rules import policy_file_findings

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from rollbook.check.document import Document
    from rollbook.check.registry_files import Contents
    from rollbook.records.policy import Policy
    from rollbook.snapshot.snapshot import Snapshot


def overall_findings(
    snapshot: Snapshot, policy_file: Document | None, policy: Policy | None
) -> Iterator[Finding]:
    """Yield what is wrong with a registry apart from its models."""
    yield from root_findings(snapshot)
    yield from policy_file_findings(policy_file)
    (text,) = snapshot.read_many([code_owners.PATH])
    if text is not None and policy is not None and code_owners.is_drifted(text, policy):
        message = "the file does not say what the policy's roles say"
        yield Finding(
            "RB503", code_owners.PATH, message, hint="Run `rollbook codeowners` and commit the result."
        )


def places_findings(
    modes: Mapping[str, str], scope: frozenset[str] | None, beside: Iterable[str] = ()
) -> Iterator[Finding]:
    """Yield what is wrong with paths and modes, whatever the contents; only within a `scope` of paths (None:
    all). `beside` are further names that a path could be a twin of.
    """
    yield from twins([*modes, *beside], scope)
    for path, mode in modes.items():
        if scope is None or path in scope:
            yield from path_findings(path, mode)


def contents_findings(
    contents: Contents, policy: Policy | None, scope: frozenset[str] | None
) -> Iterator[Finding]:
    """Yield what is wrong with the files that were read, and with each model and version among them as a
    whole.
    """
    for path, document in contents.documents.items():
        if scope is None or path in scope:
            yield from document.findings
    for model in contents.models.values():
        yield from model_findings(model, policy)
        for version in model.versions.values():
            if contents.part.judges(model.name, version.version):
                yield from directory_findings(version)
