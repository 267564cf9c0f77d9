"""Judging one version of a real, committed registry by one gate."""

from __future__ import annotations

import hashlib
import json
import subprocess
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from rollbook.check.gate_context import Ground
from rollbook.check.gates.gate import Circumstances, Verdict
from rollbook.check.registry_files import read_contents
from rollbook.records.policy import parse_policy
from rollbook.records.stages import parse_stages
from rollbook.registry.change import Transition
from rollbook.signing.approval_signature import NAMESPACE, Occasion, transition_content
from rollbook.signing.ssh_keygen import ssh_sign
from rollbook.snapshot.tree_snapshot import commit_snapshot

from ..desk import POLICY, STAGES, entry, manifest_text, policy_text, registry_files

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from ..desk import Desk, File

OCCASION = Occasion("acme/models", "d" * 64, 3, "c" * 40)
NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
OLD, NEW = "registry/credit/versions/1.0.0", "registry/credit/versions/1.1.0"
ROLES = """\
roles:
  admin: [ana@example.com]
  approver: [omar@example.com, lena@example.com]
  data-scientist: [jane@example.com, a@example.com]
"""


def manifest(version: str = "1.1.0", extra: str = "") -> dict[str, File]:
    """A manifest with these further fields."""
    return {f"registry/credit/versions/{version}/version.yaml": manifest_text("credit", version, extra)}


def metrics(version: str, text: str) -> dict[str, File]:
    return manifest(version, f"metrics: {{{text}}}\n")


def said(
    desk: Desk,
    gate: Mapping[str, Any],
    files: Mapping[str, File] | None = None,
    *,
    target: str = "production",
    standing: str = "",
    policy: str = "",
    known: Circumstances | None = None,
    before: frozenset[str] | None = None,
) -> Verdict:
    """What one gate says of moving version 1.1.0 of `credit` out of staging.

    `files` are added to a registry with versions 1.0.0 and 1.1.0; `standing` is the table of stages before.
    """
    everything = {**registry_files("1.0.0", "1.1.0"), POLICY: policy_text(policy), **(files or {})}
    snapshot = commit_snapshot(desk.repository, desk.commit(everything))
    try:
        contents = read_contents(snapshot, {"credit"})
    finally:
        snapshot.close()
    model = contents.models["credit"]
    rules = parse_policy(
        policy_text(f"{policy}gates: {json.dumps([{'to': [target], **gate}])}\n").encode(), POLICY
    )
    assert model.stages is not None
    ground = Ground(
        rules,
        (),
        parse_stages(standing.encode(), STAGES),
        contents.modes if before is None else before,
        contents.modes,
        known or Circumstances(now=NOW),
    )
    (judged,) = ground.judge(model, Transition("1.1.0", "staging", target, model.stages.entry_of("1.1.0")))
    return judged.verdict


def state(verdict: Verdict) -> str:
    return verdict.state.value


@dataclass(frozen=True)
class Keys:
    """SSH keys by the name of whose they are, made when they are first asked for."""

    directory: Path

    def private(self, name: str) -> Path:
        path = self.directory / name
        if not path.exists():
            command = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", name, "-f", str(path)]
            subprocess.run(command, check=True)
        return path

    def public(self, name: str) -> str:
        return " ".join(self.private(name).with_suffix(".pub").read_text().split()[:2])

    def allowed(self, *names: str, options: str = "") -> str:
        """An allowed_signers file that gives each name its key at example.com."""
        return "".join(f"{name}@example.com {options} {self.public(name)}\n" for name in names)

    def approval(
        self,
        name: str,
        version: str = "1.1.0",
        *,
        start: str = "staging",
        target: str = "production",
        line: str = "",
        text: File = "",
        by: str = "",
        occasion: Occasion | None = OCCASION,
    ) -> str:
        """One approval as it stands in an entry: `name` signs the move that the entry `line` asks for, with
        the manifest `text`, on an occasion (None: in the format that knew of none)."""
        table = parse_stages(f"{target}: {line or entry(version)}\n".encode(), STAGES)
        data = (text if isinstance(text, str) and text else manifest_text("credit", version)).encode()
        digest = hashlib.sha256(data).hexdigest()
        content = transition_content("credit", start, table.entries[0], digest, occasion)
        signature = ssh_sign(content.canonical(), str(self.private(name)), NAMESPACE).decode()
        approval = {"by": by or f"{name}@example.com", "at": "2026-01-03T09:00:00Z", "signature": signature}
        return json.dumps(approval)

    def approved(
        self,
        *names: str,
        version: str = "1.1.0",
        target: str = "production",
        extra: str = "",
        occasion: Occasion | None = OCCASION,
    ) -> str:
        """The entry of a version in production with the approvals of these people."""
        line = entry(version, extra=extra)
        signed = (self.approval(name, version, target=target, line=line, occasion=occasion) for name in names)
        given = ", ".join(signed)
        return entry(version, extra=f"{extra}, approvals: [{given}]")


def known(**given: Any) -> Circumstances:
    """Circumstances at the moment of these tests."""
    return Circumstances(**{"now": NOW, "occasion": lambda _model: OCCASION, **given})
