"""Signed statements as their files have them: read strictly, within bounds, nothing believed."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from building.attestations import (
    BUILDER,
    COMMIT,
    SOURCE,
    Key,
    as_bytes,
    bundle,
    envelope,
    slsa_0_2,
    slsa_1,
    statement,
)
from rollbook.errors import InvalidFile
from rollbook.records.attestation import LARGEST, parse_attested, statement_of
from rollbook.records.manifest import Artifact, folder_sha256
from rollbook.records.model_signature import PREDICATE, parse_model_signature
from rollbook.records.provenance import as_lines, parse_provenance
from rollbook.records.strict_json import strict_json
from rollbook.records.training_code import TrainingCode

if TYPE_CHECKING:
    from collections.abc import Mapping

KEY = Key()
A, B = "a" * 64, "b" * 64


def model_statement(files: Mapping[str, str], **changed: Any) -> dict[str, Any]:
    """What OpenSSF Model Signing has signed of files."""
    together = hashlib.sha256(b"".join(map(bytes.fromhex, files.values()))).hexdigest()
    resources = [{"name": name, "algorithm": "sha256", "digest": one} for name, one in files.items()]
    told = {
        "_type": "https://in-toto.io/Statement/v1",
        "subject": [{"name": "model", "digest": {"sha256": together}}],
        "predicateType": PREDICATE,
        "predicate": {
            "serialization": {"method": "files", "hash_type": "sha256", "allow_symlinks": False},
            "resources": resources,
        },
    }
    return {**told, **changed}


def model_signature(files: Mapping[str, str], **changed: Any) -> bytes:
    return as_bytes(bundle(model_statement(files, **changed), KEY))


def one_file(digest: str) -> Artifact:
    return Artifact("model.onnx", "onnx", 1, digest)


def folder(files: Mapping[str, str]) -> Artifact:
    return Artifact("model", "folder", 1, folder_sha256(files.items()), len(files))


class TestTheDocument:
    def test_an_envelope_alone_and_one_in_a_bundle_say_the_same(self) -> None:
        alone = parse_attested(as_bytes(envelope(statement(A), KEY)), "f")
        bundled = parse_attested(as_bytes(bundle(statement(A), KEY)), "f")
        assert (alone.is_bundle, bundled.is_bundle) == (False, True)
        assert statement_of(alone.envelope, "f") == statement_of(bundled.envelope, "f")

    def test_a_name_that_comes_twice_is_refused(self) -> None:
        text = as_bytes(envelope(statement(A), KEY)).replace(b"{", b'{"payloadType": "text/plain",', 1)
        with pytest.raises(InvalidFile, match="comes twice"):
            parse_attested(text, "f")

    def test_a_name_that_comes_twice_in_what_is_signed_is_refused(self) -> None:
        payload = as_bytes(statement(A)).replace(b'"subject"', b'"subject": [], "subject"', 1)
        attested = parse_attested(as_bytes(envelope(payload, KEY)), "f")
        with pytest.raises(InvalidFile, match="comes twice"):
            statement_of(attested.envelope, "f")

    @pytest.mark.parametrize("payload", ["e30", "e30=\n", "e30= ", "e3 0=", "", "e30-", "e31="])
    def test_base64_says_one_thing_in_one_way(self, payload: str) -> None:
        document = {**envelope({}, KEY), "payload": payload}
        with pytest.raises(InvalidFile, match="not base64"):
            parse_attested(as_bytes(document), "f")

    def test_a_type_of_payload_that_is_no_statement_is_refused(self) -> None:
        attested = parse_attested(as_bytes(envelope(statement(A), KEY, payload_type="text/json")), "f")
        with pytest.raises(InvalidFile, match="no in-toto statement"):
            statement_of(attested.envelope, "f")

    def test_a_bundle_with_two_signatures_is_refused(self) -> None:
        document = bundle(statement(A), KEY)
        document["dsseEnvelope"] = envelope(statement(A), KEY, Key())
        with pytest.raises(InvalidFile, match="exactly one signature"):
            parse_attested(as_bytes(document), "f")

    def test_a_bundle_that_names_a_key_and_certificates_is_refused(self) -> None:
        document = bundle(statement(A), KEY)
        document["verificationMaterial"]["certificate"] = {"rawBytes": "AAAA"}
        with pytest.raises(InvalidFile, match="several ways"):
            parse_attested(as_bytes(document), "f")

    def test_a_bundle_that_signs_bytes_and_no_statement_is_refused(self) -> None:
        document = bundle(statement(A), KEY)
        del document["dsseEnvelope"]
        with pytest.raises(InvalidFile, match="signs no statement"):
            parse_attested(as_bytes({**document, "messageSignature": {}}), "f")

    @pytest.mark.parametrize("text", [b"", b"[]", b"null", b"{", b"\xff", b'{"mediaType": "x"}', b"NaN"])
    def test_what_is_none_is_refused(self, text: bytes) -> None:
        with pytest.raises(InvalidFile):
            parse_attested(text, "f")

    def test_what_is_too_large_is_not_even_parsed(self) -> None:
        with pytest.raises(InvalidFile, match="at most"):
            parse_attested(b"{" * (LARGEST + 1), "f")

    @pytest.mark.parametrize(
        "text", [b"[" * 100_000, b"[" * 70 + b"]" * 70, b'{"a":' * 65 + b"1" + b"}" * 65]
    )
    def test_what_is_nested_deeply_is_refused(self, text: bytes) -> None:
        with pytest.raises(InvalidFile, match="nested too deeply"):
            strict_json(text, "f")

    def test_a_number_without_end_is_refused(self) -> None:
        with pytest.raises(InvalidFile, match="too long"):
            strict_json(b"9" * 5_000, "f")

    @given(st.binary(max_size=200))
    def test_whatever_stands_there_is_read_or_refused(self, data: bytes) -> None:
        for parse in (parse_attested, parse_model_signature, parse_provenance):
            with pytest.raises(InvalidFile):
                parse(data, "f")

    @given(
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.text(max_size=5),
            lambda inner: (
                st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
            ),
        ),
        st.sampled_from(["payload", "signatures", "payloadType"]),
    )
    def test_whatever_stands_in_its_fields_is_read_or_refused(self, value: Any, name: str) -> None:
        document = {**envelope(statement(A), KEY), name: value}
        try:
            statement_of(parse_attested(as_bytes(document), "f").envelope, "f")
        except InvalidFile as error:
            assert error.path == "f"  # noqa: PT017 - many of them are lawful

    @pytest.mark.parametrize(
        "change",
        [
            {"subject": []},
            {"subject": [{"name": "x"}]},
            {"subject": [{"name": "x", "digest": {"sha256": "A" * 64}}]},
            {"subject": [{"name": 1, "digest": {"sha256": A}}]},
            {"subject": [{"digest": {"sha256": A}}] * 5_001},
            {"_type": "https://in-toto.io/Statement/v2"},
            {"predicateType": ""},
            {"predicate": []},
        ],
    )
    def test_a_statement_that_is_none_is_refused(self, change: dict[str, Any]) -> None:
        attested = parse_attested(as_bytes(envelope({**statement(A), **change}, KEY)), "f")
        with pytest.raises(InvalidFile):
            statement_of(attested.envelope, "f")


class TestASignatureOfAModel:
    def test_it_covers_the_file_of_its_digest_alone(self) -> None:
        signature = parse_model_signature(model_signature({".": A}), "model.sig")
        assert signature.covers(one_file(A)) == ""
        assert signature.covers(one_file(B)) == "it signs other bytes"

    def test_it_covers_the_folder_of_exactly_these_files(self) -> None:
        files = {"config.json": A, "weights/model.bin": B}
        signature = parse_model_signature(model_signature(files), "model.sig")
        assert signature.covers(folder(files)) == ""
        assert "2 files, and the artifact has 1" in signature.covers(folder({"config.json": A}))
        assert signature.covers(folder({"config.json": B, "weights/model.bin": A})) == "it signs other bytes"
        assert signature.covers(folder({"Config.json": A, "weights/model.bin": B})) == "it signs other bytes"

    def test_a_folder_with_one_file_is_not_that_file(self) -> None:
        of_folder = parse_model_signature(model_signature({"model.onnx": A}), "model.sig")
        of_file = parse_model_signature(model_signature({".": A}), "model.sig")
        assert "the artifact is a file" in of_folder.covers(one_file(A))
        assert "the artifact is a folder" in of_file.covers(folder({"model.onnx": A}))

    @given(st.dictionaries(st.text(min_size=1, max_size=6), st.sampled_from([A, B]), min_size=1, max_size=5))
    def test_whatever_the_files_are_called_it_covers_them(self, files: dict[str, str]) -> None:
        files.pop(".", None)
        if not files:
            return
        signature = parse_model_signature(model_signature(files), "model.sig")
        assert signature.covers(folder(files)) == ""

    @pytest.mark.parametrize(
        "name", ["../../etc/passwd", "/etc/passwd", "a\nb", "\x1b[2J", "a\\b", "..", "\ud800"]
    )
    def test_a_name_that_no_file_of_an_artifact_has_covers_nothing(self, name: str) -> None:
        signature = parse_model_signature(model_signature({name: A}), "model.sig")
        assert signature.covers(folder({"model.bin": A}))

    @pytest.mark.parametrize(
        ("change", "why"),
        [
            ({"predicateType": "https://model_signing/Digests/v0.1"}, "it is no"),
            ({"predicateType": "https://slsa.dev/provenance/v1"}, "it is no"),
            ({"subject": [{"name": "m", "digest": {"sha256": A}}]}, "not that of its files"),
            ({"subject": [{"name": "m", "digest": {"sha256": A}}] * 2}, "about one model"),
            ({"predicate": {}}, "SHA-256 digests of whole files"),
        ],
    )
    def test_another_statement_is_none(self, change: dict[str, Any], why: str) -> None:
        with pytest.raises(InvalidFile, match=why):
            parse_model_signature(model_signature({".": A}, **change), "model.sig")

    @pytest.mark.parametrize(
        "told",
        [
            {"method": "shards", "hash_type": "sha256", "shard_size": 1},
            {"method": "files", "hash_type": "blake2b"},
            {"method": "files"},
        ],
    )
    def test_digests_that_no_manifest_has_are_refused(self, told: dict[str, Any]) -> None:
        predicate = {**model_statement({".": A})["predicate"], "serialization": told}
        with pytest.raises(InvalidFile, match="whole files"):
            parse_model_signature(model_signature({".": A}, predicate=predicate), "model.sig")

    def test_a_file_that_stands_there_twice_is_refused(self) -> None:
        told = model_statement({"a": A, "b": A})
        told["predicate"]["resources"][1]["name"] = "a"
        with pytest.raises(InvalidFile, match="twice"):
            parse_model_signature(as_bytes(bundle(told, KEY)), "model.sig")

    def test_an_envelope_without_its_bundle_is_none(self) -> None:
        with pytest.raises(InvalidFile, match="is a Sigstore bundle"):
            parse_model_signature(as_bytes(envelope(model_statement({".": A}), KEY)), "model.sig")


class TestProvenance:
    @pytest.mark.parametrize(
        ("kind", "predicate"),
        [("https://slsa.dev/provenance/v1", slsa_1()), ("https://slsa.dev/provenance/v0.2", slsa_0_2())],
    )
    def test_both_versions_tell_builder_source_commit_workflow_and_run(
        self, kind: str, predicate: dict[str, Any]
    ) -> None:
        document = bundle(statement(A, predicate_type=kind, predicate=predicate), KEY)
        (one,) = parse_provenance(as_bytes(document), "f")
        assert (one.builder, one.commit) == (BUILDER, COMMIT)
        assert one.source.removeprefix("git+") == SOURCE
        assert one.workflow.startswith(".github/workflows/train.yml")
        assert "42" in one.invocation
        assert one.digests == {A}
        assert COMMIT in str(one.materials[0])

    def test_the_statement_may_be_of_version_0_1(self) -> None:
        told = {**statement(A), "_type": "https://in-toto.io/Statement/v0.1"}
        (one,) = parse_provenance(as_bytes(envelope(told, KEY)), "f")
        assert one.builder == BUILDER

    def test_lines_and_a_document_over_many_lines_are_taken_alike(self) -> None:
        document = bundle(statement(A), KEY)
        pretty = json.dumps(document, indent=2).encode()
        several = as_bytes(document) + b"\n" + as_bytes(document) + b"\n"
        assert len(as_lines(pretty, "f")) == 1
        assert len(as_lines(several, "f")) == 2
        (one,) = as_lines(pretty, "f")
        assert parse_provenance(one, "f")[0].attested.envelope == parse_attested(pretty, "f").envelope

    def test_another_attestation_is_none(self) -> None:
        document = envelope(statement(A, predicate_type="https://spdx.dev/Document"), KEY)
        with pytest.raises(InvalidFile, match="no SLSA provenance"):
            parse_provenance(as_bytes(document), "f")

    def test_the_line_is_named_that_is_none(self) -> None:
        data = as_bytes(envelope(statement(A), KEY)) + b"\n{}\n"
        with pytest.raises(InvalidFile, match="f:2:"):
            parse_provenance(data, "f")

    def test_one_that_names_no_builder_is_refused(self) -> None:
        with pytest.raises(InvalidFile, match="no builder"):
            parse_provenance(as_bytes(envelope(statement(A, predicate={}), KEY)), "f")

    @pytest.mark.parametrize(
        "hostile",
        [
            {"buildDefinition": [], "runDetails": {"builder": {"id": "b"}}},
            {"buildDefinition": {"externalParameters": "x"}, "runDetails": {"builder": {"id": "b"}}},
            {"buildDefinition": {"resolvedDependencies": {}}, "runDetails": {"builder": {"id": "b"}}},
            {"buildDefinition": {"resolvedDependencies": [1, {}]}, "runDetails": {"builder": {"id": "b"}}},
        ],
    )
    def test_fields_of_other_shapes_are_left_out(self, hostile: dict[str, Any]) -> None:
        (one,) = parse_provenance(as_bytes(envelope(statement(A, predicate=hostile), KEY)), "f")
        assert (one.builder, one.commit, one.materials) == ("b", "", ())

    @pytest.mark.parametrize(
        "address",
        [SOURCE, f"{SOURCE}.git", "git@github.com:acme/training.git", "ssh://git@github.com/Acme/Training"],
    )
    def test_another_commit_of_the_same_repository_contradicts(self, address: str) -> None:
        (one,) = parse_provenance(as_bytes(envelope(statement(A), KEY)), "f")
        assert "has commit aaaaaaaaaaaa" in one.contradicts([TrainingCode("b" * 40, address)])
        assert one.contradicts([TrainingCode(COMMIT, address)]) == ""
        assert one.agrees([TrainingCode(COMMIT, address)])

    def test_another_repository_contradicts_nothing_and_agrees_with_nothing(self) -> None:
        (one,) = parse_provenance(as_bytes(envelope(statement(A), KEY)), "f")
        elsewhere = [TrainingCode("b" * 40, "https://github.com/acme/features")]
        assert one.contradicts(elsewhere) == ""
        assert not one.agrees(elsewhere)
