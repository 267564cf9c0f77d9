"""Who signed a statement: known by a key, by certificates, or by an identity of Sigstore's; nobody else."""

from __future__ import annotations

import sys
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given
from hypothesis import strategies as st

from building.attestations import (
    IN_TOTO,
    START,
    Authority,
    Key,
    as_bytes,
    bundle,
    certify,
    envelope,
    pae,
    pem_of,
    statement,
)
from rollbook.errors import BadCall, InvalidFile
from rollbook.records.attestation import Attested, Envelope, EnvelopeSignature, parse_attested
from rollbook.records.fields import Fields
from rollbook.records.model_signers import ModelSigner, model_signers
from rollbook.signing import certificate_chain, dsse
from rollbook.signing.attesters import signer_claim, signer_fault, vouch

if TYPE_CHECKING:
    from cryptography import x509

KEY, OTHER = Key(), Key()
SAID = statement("a" * 64)
ROOT = Authority("Acme root")
LEAF = certify("models", KEY, ROOT, address="models@example.com")


def parsed(document: Any) -> Attested:
    return parse_attested(as_bytes(document), "f")


def by_key(key: Key, name: str = "release") -> ModelSigner:
    return ModelSigner(name, key=key.public_pem)


class TestAKey:
    @pytest.mark.parametrize("curve", [ec.SECP256R1(), ec.SECP384R1(), ec.SECP521R1()])
    def test_what_it_signed_is_known(self, curve: ec.EllipticCurve) -> None:
        key = Key(curve)
        vouched = vouch(parsed(bundle(SAID, key)), [by_key(OTHER, "other"), by_key(key)])
        assert vouched.signer == "release"

    def test_what_another_signed_is_not(self) -> None:
        vouched = vouch(parsed(bundle(SAID, OTHER)), [by_key(KEY)])
        assert (vouched.signer, vouched.unknown) == ("", False)
        assert "release: it is not signed with that key" in vouched.why

    def test_one_good_signature_among_several_is_enough_in_an_envelope(self) -> None:
        assert vouch(parsed(envelope(SAID, OTHER, KEY)), [by_key(KEY)]).signer == "release"

    @pytest.mark.parametrize("field", ["payload", "payloadType", "sig"])
    def test_anything_that_is_changed_breaks_it(self, field: str) -> None:
        document, other = bundle(SAID, KEY), bundle(statement("b" * 64), KEY)
        changed = document["dsseEnvelope"]
        if field == "sig":
            changed["signatures"] = other["dsseEnvelope"]["signatures"]
        else:
            changed[field] = {"payloadType": "text/json", **other["dsseEnvelope"]}["payload"]
        assert vouch(parsed(document), [by_key(KEY)]).signer == ""

    def test_a_signature_of_the_payload_alone_counts_for_nothing(self) -> None:
        document = bundle(SAID, KEY)
        payload = parsed(document).envelope.payload
        attested = Attested(Envelope(IN_TOTO, payload, (EnvelopeSignature("", KEY.sign(payload)),)), b"")
        assert vouch(attested, [by_key(KEY)]).signer == ""

    def test_the_type_that_is_signed_is_the_type_that_is_told(self) -> None:
        payload = as_bytes(SAID)
        signature = KEY.sign(pae("application/json", payload))
        attested = Attested(Envelope(IN_TOTO, payload, (EnvelopeSignature("", signature),)), b"")
        assert vouch(attested, [by_key(KEY)]).signer == ""

    def test_an_ed25519_key_signs_too(self) -> None:
        key = ed25519.Ed25519PrivateKey.generate()
        pem = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
        signature = key.sign(pae(IN_TOTO, b"{}"))
        attested = Attested(Envelope(IN_TOTO, b"{}", (EnvelopeSignature("", signature),)), b"")
        assert vouch(attested, [ModelSigner("it", key=pem)]).signer == "it"

    @pytest.mark.parametrize("kind", ["rsa", "secp256k1", "private", "nonsense"])
    def test_a_key_of_another_kind_counts_for_nothing_and_is_told(self, kind: str) -> None:
        if kind == "rsa":
            public = rsa.generate_private_key(65537, 2048).public_key()
            pem = public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
        elif kind == "secp256k1":
            public_curve = ec.generate_private_key(ec.SECP256K1()).public_key()
            pem = public_curve.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
        else:
            pem = "-----BEGIN PRIVATE KEY-----" if kind == "private" else "nonsense"
        signer = ModelSigner("it", key=pem)
        assert signer_fault(signer)
        assert vouch(parsed(bundle(SAID, KEY)), [signer]).signer == ""

    @given(kind=st.text(max_size=20), payload=st.binary(max_size=50))
    def test_what_is_signed_is_the_type_and_the_payload_after_their_lengths(
        self, kind: str, payload: bytes
    ) -> None:
        assert dsse.pae(kind, payload) == pae(kind, payload)

    @given(st.binary(max_size=80))
    def test_whatever_stands_as_a_signature_is_judged(self, signature: bytes) -> None:
        attested = Attested(Envelope(IN_TOTO, b"{}", (EnvelopeSignature("", signature),)), b"")
        assert vouch(attested, [by_key(KEY)]).signer == ""


class TestCertificates:
    def judged(
        self, *chain: x509.Certificate, roots: str, key: Key = KEY, subject: str = ""
    ) -> tuple[str, str]:
        signer = ModelSigner("pki", certificates=roots, subject=subject)
        vouched = vouch(parsed(bundle(SAID, key, *chain)), [signer])
        return vouched.signer, vouched.why

    def test_who_a_trusted_authority_certified_is_known_by_what_the_certificate_says(self) -> None:
        root = Authority("Acme root")
        leaf = certify("models", KEY, root, address="models@example.com")
        vouched = vouch(parsed(bundle(SAID, KEY, leaf)), [ModelSigner("pki", certificates=root.pem)])
        assert str(vouched) == "pki (certificate of models@example.com)"

    def test_certificates_between_come_with_the_signature(self) -> None:
        root = Authority("Acme root")
        middle = Authority("Acme models", root)
        leaf = certify("models", KEY, middle)
        assert self.judged(leaf, middle.certificate, roots=root.pem)[0] == "pki"
        assert "not among those trusted" in self.judged(leaf, roots=root.pem)[1]

    def test_an_authority_of_the_same_name_is_another(self) -> None:
        leaf = certify("models", KEY, Authority("Acme root"))
        assert "not among those trusted" in self.judged(leaf, roots=Authority("Acme root").pem)[1]

    def test_a_root_that_comes_along_is_not_trusted_for_that(self) -> None:
        own = Authority("Mallory")
        leaf = certify("models", KEY, own)
        told = self.judged(leaf, own.certificate, roots=Authority("Acme root").pem)
        assert told[0] == ""

    def test_a_signer_can_certify_nobody(self) -> None:
        root = Authority("Acme root")
        signer = Authority("models", root)
        signer.certificate = certify("models", signer.key, root)
        leaf = certify("mallory", KEY, signer)
        assert "may certify nobody" in self.judged(leaf, signer.certificate, roots=root.pem)[1]

    def test_a_chain_is_no_longer_than_it_may_be(self) -> None:
        root = Authority("Acme root", path_length=0)
        middle = Authority("Acme models", root)
        leaf = certify("models", KEY, middle)
        assert "longer than" in self.judged(leaf, middle.certificate, roots=root.pem)[1]

    def test_an_authority_counts_while_it_lasts(self) -> None:
        root = Authority("Acme root", days=30)
        leaf = certify("models", KEY, root, start=START + timedelta(days=31))
        assert "could not at the time" in self.judged(leaf, roots=root.pem)[1]

    def test_a_certificate_that_has_ended_since_still_tells_who_signed(self) -> None:
        root = Authority("Acme root", days=30)
        assert self.judged(certify("models", KEY, root, days=1), roots=root.pem)[0] == "pki"

    def test_a_certificate_that_is_none_to_sign_with_counts_for_nothing(self) -> None:
        root = Authority("Acme root")
        leaf = certify("models", KEY, root, usage=False)
        assert "none to sign with" in self.judged(leaf, roots=root.pem)[1]

    def test_what_is_critical_and_unknown_makes_it_count_for_nothing(self) -> None:
        root = Authority("Acme root")
        leaf = certify("models", KEY, root, critical=True)
        assert "can't be judged" in self.judged(leaf, roots=root.pem)[1]

    def test_the_key_that_signed_is_the_certificate_s(self) -> None:
        root = Authority("Acme root")
        leaf = certify("models", KEY, root)
        assert "not signed with its certificate's key" in self.judged(leaf, roots=root.pem, key=OTHER)[1]

    def test_the_subject_is_who_the_policy_says(self) -> None:
        root = Authority("Acme root")
        leaf = certify("models", KEY, root, address="models@example.com")
        assert self.judged(leaf, roots=root.pem, subject="models@example.com")[0] == "pki"
        assert "is not one for" in self.judged(leaf, roots=root.pem, subject="models")[1]

    def test_several_authorities_may_be_trusted(self) -> None:
        root, other = Authority("Acme root"), Authority("Other root")
        both = pem_of(other.certificate, root.certificate)
        assert self.judged(certify("models", KEY, root), roots=both)[0] == "pki"

    def test_each_certificate_that_comes_along_is_gone_through_once(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        between = [Authority("Mallory") for _ in range(9)]
        for one in between:
            one.key = between[0].key
        certificates = [certify("Mallory", between[0].key, one, is_authority=True) for one in between]
        leaf = certify("models", KEY, between[0])
        asked = []
        issued = certificate_chain._issued
        monkeypatch.setattr(certificate_chain, "_issued", lambda *pair: asked.append(pair) or issued(*pair))
        told = self.judged(leaf, *certificates, roots=Authority("Acme root").pem)
        assert (told[0], len(asked) < 200) == ("", True)

    @given(st.data())
    def test_whatever_stands_in_a_certificate_is_judged(self, data: st.DataObject) -> None:
        root = ROOT
        leaf = bytearray(LEAF.public_bytes(Encoding.DER))
        for _ in range(data.draw(st.integers(1, 4))):
            leaf[data.draw(st.integers(0, len(leaf) - 1))] = data.draw(st.integers(0, 255))
        document = bundle(SAID, KEY, LEAF)
        attested = replace(
            parsed(document), certificates=(bytes(leaf), root.certificate.public_bytes(Encoding.DER))
        )
        vouched = vouch(attested, [ModelSigner("pki", certificates=root.pem)])
        assert vouched.signer == "" or bytes(leaf) == LEAF.public_bytes(Encoding.DER)
        assert signer_claim(attested)

    def test_what_is_no_certificate_is_told(self) -> None:
        document = bundle(SAID, KEY, Authority("x").certificate)
        certificates = document["verificationMaterial"]["x509CertificateChain"]["certificates"]
        certificates[0]["rawBytes"] = "AAAA"
        signer = ModelSigner("pki", certificates=Authority("Acme root").pem)
        assert "can't be read" in vouch(parsed(document), [signer]).why
        assert "can't be read" in signer_claim(parsed(document))


class TestAnIdentity:
    def test_what_a_key_signed_is_signed_by_no_identity(self) -> None:
        signer = ModelSigner("ci", identity="https://github.com/acme", issuer="https://issuer")
        vouched = vouch(parsed(bundle(SAID, KEY)), [signer])
        assert (vouched.signer, vouched.unknown) == ("", False)

    def test_a_certificate_of_another_authority_is_none_of_sigstore_s(self) -> None:
        pytest.importorskip("sigstore")
        leaf = certify("x", KEY, Authority("Mallory"), address="ci@example.com")
        signer = ModelSigner("ci", identity="ci@example.com", issuer="https://issuer")
        vouched = vouch(parsed(bundle(SAID, KEY, leaf)), [signer])
        assert (vouched.signer, vouched.unknown) == ("", False)
        assert vouched.why.count("Sigstore:") == 1

    def test_what_sigstore_s_library_accepts_counts_for_that_statement_alone(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        sigstore = pytest.importorskip("sigstore.verify")
        leaf = certify("x", KEY, Authority("Fulcio"))
        attested = parsed(bundle(SAID, KEY, leaf))
        signer = ModelSigner("ci", identity="ci@example.com", issuer="https://issuer")
        accepted = [(IN_TOTO, attested.envelope.payload)]

        class Accepting:
            @classmethod
            def production(cls, *, offline: bool) -> Accepting:
                assert offline
                return cls()

            def verify_dsse(self, bundle: object, policy: object) -> tuple[str, bytes]:
                return accepted[0]

        monkeypatch.setattr(sigstore, "Verifier", Accepting)
        monkeypatch.setattr(sys.modules["sigstore.models"].Bundle, "from_json", lambda data: data)
        assert str(vouch(attested, [signer])) == "ci (ci@example.com, as https://issuer has it)"
        accepted[0] = (IN_TOTO, b"{}")
        assert "another statement" in vouch(attested, [signer]).why

    def test_without_the_library_it_can_t_be_told(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setitem(sys.modules, "sigstore.verify", None)
        leaf = certify("x", KEY, Authority("Mallory"))
        signer = ModelSigner("ci", identity="ci@example.com", issuer="https://issuer")
        vouched = vouch(parsed(bundle(SAID, KEY, leaf)), [signer])
        assert (vouched.signer, vouched.unknown) == ("", True)
        assert "rollbook[sign]" in vouched.why


class TestThePolicy:
    def test_a_signer_is_known_in_exactly_one_way(self) -> None:
        for told in ({}, {"key": "k", "certificates": "c"}, {"identity": "i"}, {"key": "k", "issuer": "i"}):
            with pytest.raises(InvalidFile):
                model_signers(Fields({"ci": told}, "policy.yaml"))

    def test_without_any_nobody_counts(self) -> None:
        assert "nobody is named" in vouch(parsed(bundle(SAID, KEY)), []).why

    def test_certificates_that_are_none_are_told(self) -> None:
        assert signer_fault(ModelSigner("pki", certificates="-----BEGIN CERTIFICATE-----\nAAAA\n"))
        with pytest.raises(BadCall):
            dsse.public_key(b"", "the key")
