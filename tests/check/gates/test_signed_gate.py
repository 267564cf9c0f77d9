"""The gate that an artifact is signed by somebody who may, and that its making is attested."""

from __future__ import annotations

import hashlib
import json
import sys
from typing import TYPE_CHECKING, Any

import pytest

from building.attestations import (
    BUILDER,
    COMMIT,
    SOURCE,
    Authority,
    Key,
    as_bytes,
    bundle,
    certify,
    envelope,
    signers,
    slsa_1,
    statement,
)
from rollbook.records.manifest import folder_sha256
from rollbook.records.model_signature import PREDICATE

from ..desk import manifest_text
from .bench import NEW, manifest, said, state

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rollbook.check.gates.gate import Verdict

    from ..desk import Desk, File

RELEASE, CI, STRANGER = Key(), Key(), Key()
POLICY = signers(release=RELEASE, ci=CI)
# What the manifests of these tests say of their artifacts.
DIGEST = next(
    line.split(":")[1].strip().strip('"')
    for line in str(manifest_text("credit", "1.1.0")).splitlines()
    if "sha256" in line
)


def signature(key: Key = RELEASE, files: Mapping[str, str] | None = None, **how: Any) -> dict[str, File]:
    """The version's `model.sig`."""
    files = files or {".": DIGEST}
    together = hashlib.sha256(b"".join(map(bytes.fromhex, files.values()))).hexdigest()
    resources = [{"name": name, "algorithm": "sha256", "digest": one} for name, one in files.items()]
    serialization = {"method": "files", "hash_type": "sha256", "allow_symlinks": False}
    predicate = {"serialization": serialization, "resources": resources}
    told = statement(together, predicate_type=PREDICATE, predicate=predicate)
    return {f"{NEW}/model.sig": as_bytes(bundle(told, key, **how)).decode()}


def provenance(*documents: Any) -> dict[str, File]:
    lines = (json.dumps(one) for one in documents)
    return {f"{NEW}/provenance.jsonl": "\n".join(lines) + "\n"}


def signed(
    desk: Desk, files: Mapping[str, File] | None = None, *, policy: str = POLICY, **settings: Any
) -> Verdict:
    return said(desk, {"gate": "signed", **settings}, files, policy=policy)


class TestTheSignature:
    def test_of_one_of_those_named_passes(self, desk: Desk) -> None:
        verdict = signed(desk, signature(), by=["release"])
        assert (state(verdict), verdict.figure.startswith("signed by release (key ")) == ("passed", True)

    def test_of_any_of_the_policy_s_passes_where_none_is_named(self, desk: Desk) -> None:
        assert state(signed(desk, signature(CI))) == "passed"

    def test_of_another_of_the_policy_s_fails(self, desk: Desk) -> None:
        assert state(signed(desk, signature(CI), by=["release"])) == "failed"

    def test_of_a_stranger_fails(self, desk: Desk) -> None:
        assert state(signed(desk, signature(STRANGER))) == "failed"

    def test_that_is_not_there_yet_is_waited_for(self, desk: Desk) -> None:
        verdict = signed(desk)
        assert (state(verdict), verdict.hint) == ("waiting", "rollbook sign credit@1.1.0")

    def test_of_another_artifact_fails(self, desk: Desk) -> None:
        verdict = signed(desk, signature(files={".": "e" * 64}))
        assert (state(verdict), "other bytes" in verdict.figure) == ("failed", True)

    def test_that_can_t_be_read_fails(self, desk: Desk) -> None:
        assert state(signed(desk, {f"{NEW}/model.sig": "{}"})) == "failed"

    def test_is_moved_from_another_version_in_vain(self, desk: Desk) -> None:
        files = signature(files={".": "c" * 64})
        assert state(signed(desk, files)) == "failed"

    def test_of_a_folder_is_judged_without_its_bytes(self, desk: Desk) -> None:
        files = {"config.json": "a" * 64, "model.bin": "b" * 64}
        text = str(manifest("1.1.0")[f"{NEW}/version.yaml"]).replace(DIGEST, folder_sha256(files.items()))
        text = text.replace("\n  sha256:", "\n  files: 2\n  sha256:")
        assert "files: 2" in text
        of_folder = {f"{NEW}/version.yaml": text, **signature(files=files)}
        assert state(signed(desk, of_folder)) == "passed"
        assert state(signed(desk, {**of_folder, **signature(files={"config.json": "a" * 64})})) == "failed"

    def test_names_that_the_policy_has_not_pass_nobody(self, desk: Desk) -> None:
        assert state(signed(desk, signature(), by=["release-team"])) == "failed"

    def test_passes_nobody_without_signers(self, desk: Desk) -> None:
        assert state(signed(desk, signature(), policy="")) == "failed"

    def test_is_judged_by_the_base_s_signers(self, desk: Desk) -> None:
        """A change that brings a signer and a signature of theirs passes nobody by it."""
        from ..desk import POLICY as PATH
        from ..desk import policy_text

        changed = {PATH: policy_text(signers(release=RELEASE, stranger=STRANGER))}
        assert state(signed(desk, {**changed, **signature(STRANGER)})) == "failed"

    def test_by_a_certificate_says_whose(self, desk: Desk) -> None:
        root = Authority("Acme root")
        leaf = certify("models", RELEASE, root, address="models@example.com")
        document = bundle(statement("a" * 64), RELEASE, leaf)
        files = signature()
        told = json.loads(str(files[f"{NEW}/model.sig"]))
        told["verificationMaterial"] = document["verificationMaterial"]
        policy = f"model_signers:\n  pki: {{certificates: {json.dumps(root.pem)}}}\n"
        verdict = signed(desk, {f"{NEW}/model.sig": json.dumps(told)}, policy=policy)
        assert verdict.figure == "signed by pki (certificate of models@example.com)"

    def test_of_an_identity_is_waited_for_where_it_can_t_be_judged(
        self, desk: Desk, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setitem(sys.modules, "sigstore.verify", None)
        policy = "model_signers:\n  ci: {identity: ci@example.com, issuer: 'https://issuer'}\n"
        leaf = certify("x", RELEASE, Authority("Fulcio"))
        told = json.loads(str(signature()[f"{NEW}/model.sig"]))
        told["verificationMaterial"] = bundle({}, RELEASE, leaf)["verificationMaterial"]
        verdict = signed(desk, {f"{NEW}/model.sig": json.dumps(told)}, policy=policy)
        assert (state(verdict), "extra `sign`" in verdict.hint) == ("waiting", True)


class TestItsProvenance:
    def test_signed_by_one_of_the_policy_s_passes(self, desk: Desk) -> None:
        files = {**signature(), **provenance(bundle(statement(DIGEST), CI))}
        verdict = signed(desk, files, by=["release"], provenance=True, builders=[BUILDER])
        assert state(verdict) == "passed"
        assert f"built by {BUILDER}, says ci" in verdict.figure

    def test_is_asked_for_where_builders_are_named(self, desk: Desk) -> None:
        verdict = signed(desk, signature(), builders=[BUILDER])
        assert (state(verdict), "no provenance" in verdict.figure) == ("failed", True)

    @pytest.mark.parametrize(
        ("document", "why"),
        [
            (envelope(statement(DIGEST), STRANGER), "nobody named signed it"),
            (envelope(statement("e" * 64), CI), "not of all its bytes"),
            (
                envelope(statement(DIGEST, predicate=slsa_1(builder="https://evil")), CI),
                "built by https://evil",
            ),
        ],
    )
    def test_by_another_or_of_another_fails(self, desk: Desk, document: Any, why: str) -> None:
        verdict = signed(desk, {**signature(), **provenance(document)}, builders=[BUILDER])
        assert (state(verdict), why in verdict.figure) == ("failed", True)

    def test_one_good_among_several_is_enough(self, desk: Desk) -> None:
        documents = (envelope(statement(DIGEST), STRANGER), envelope(statement(DIGEST), CI))
        assert state(signed(desk, {**signature(), **provenance(*documents)}, provenance=True)) == "passed"

    def test_may_be_kept_for_some_signers(self, desk: Desk) -> None:
        files = {**signature(), **provenance(envelope(statement(DIGEST), CI))}
        assert state(signed(desk, files, provenance=True, provenance_by=["release"])) == "failed"
        assert state(signed(desk, files, provenance=True, provenance_by=["ci"])) == "passed"

    def test_that_contradicts_the_code_on_record_fails(self, desk: Desk) -> None:
        lineage = f"lineage: {{code: {{repository: {SOURCE}.git, commit: {'b' * 40}}}}}\n"
        files = {**manifest("1.1.0", lineage), **signature(), **provenance(envelope(statement(DIGEST), CI))}
        verdict = signed(desk, files, provenance=True)
        assert (state(verdict), f"has commit {COMMIT[:12]}" in verdict.figure) == ("failed", True)

    def test_what_it_says_acts_on_no_terminal(self, desk: Desk) -> None:
        hostile = slsa_1(builder="x\x1b[2Jy")
        files = {**signature(), **provenance(envelope(statement(DIGEST, predicate=hostile), CI))}
        assert "\x1b" not in signed(desk, files, provenance=True).figure
