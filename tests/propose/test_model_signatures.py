"""Signing models and verifying that: with the format's own library on the other side."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from building.attestations import Authority, Key, certify, pem_of, signers
from building.world import World, rollbook
from rollbook import BadCall, NotFound, Refused, Registry

if TYPE_CHECKING:
    from pathlib import Path

    from building.once import Template

pytest.importorskip("model_signing")
SIGNATURE = "registry/credit/versions/1.0.0/model.sig"


def signing(how: str, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """Run the library's own command line."""
    command = [sys.executable, "-m", "model_signing", how, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)


def begin(world: World) -> None:
    """1.0.0 is signed by the key in `key.pem`, which the policy names; 1.1.0 is not signed."""
    key = Key()
    private, _ = key.save(world.root)
    Key().save(world.root, "stranger")
    world.policy(signers(release=key))
    world.register("credit", "1.0.0", "--sign", str(private), content=b"weights")
    world.register("credit", "1.1.0", content=b"other weights")


@pytest.fixture
def signed(started: Template) -> World:
    return started(begin)


@pytest.fixture(scope="module")
def reader(template: Template) -> World:
    """The same, for tests that only read."""
    return template(begin)


def add(world: World, data: bytes, path: str = SIGNATURE) -> None:
    """Commit a signature to main, past every check."""
    (world.registry / path).write_bytes(data)
    world.commit()


class TestSigning:
    def test_register_signs_and_the_library_verifies_what_was_fetched(self, reader: World) -> None:
        fetched, public = reader.root / "fetched.bin", reader.root / "key.pub.pem"
        reader.run("fetch", "credit@1.0.0", "-o", str(fetched), "--force")
        signature = reader.registry / SIGNATURE
        done = signing("verify", "key", fetched, "--public_key", public, "--signature", signature)
        assert done.returncode == 0, done.stderr

    def test_the_library_refuses_other_bytes(self, reader: World) -> None:
        other = reader.artifact(b"other", "other.bin")
        public = reader.root / "key.pub.pem"
        signature = reader.registry / SIGNATURE
        done = signing("verify", "key", other, "--public_key", public, "--signature", signature)
        assert done.returncode != 0

    def test_a_folder_is_signed_file_by_file(self, world: World) -> None:
        private, public = Key().save(world.root)
        folder = world.root / "bert"
        (folder / "sub").mkdir(parents=True)
        (folder / "config.json").write_text("{}")
        (folder / "sub" / "weights.bin").write_bytes(b"w" * 100)
        (folder / "note.gitattributes").write_text("x")
        world.run("register", "bert", str(folder), "--sign", str(private), "--land")
        assert world.run("verify", "bert@0.1.0", "--key", str(public)).out == "the key given\n"
        signature = world.registry / "registry/bert/versions/0.1.0/model.sig"
        done = signing("verify", "key", folder, "--public_key", public, "--signature", signature)
        assert done.returncode == 0, done.stderr

    def test_a_version_is_signed_later_by_a_proposal_that_adds_one_file(self, signed: World) -> None:
        ran = signed.run("sign", "credit@1.1.0", "--key", str(signed.root / "key.pem"), "--json")
        told = json.loads(ran.out)
        assert told["branch"] == "rollbook/sign/credit/1.1.0"
        changed = signed.git("diff", "--name-status", "main", told["branch"])
        assert changed == f"A\t{told['path']}"
        signed.land(told["branch"])
        assert signed.run("verify", "credit@1.1.0").out == "release\n"

    def test_what_is_signed_is_signed_once(self, signed: World) -> None:
        with pytest.raises(Refused, match="never overwritten"), Registry.open(signed.registry) as registry:
            registry.sign("credit@1.0.0", key=signed.root / "stranger.pem")

    def test_the_bytes_may_lie_elsewhere_and_must_be_those_registered(self, signed: World) -> None:
        right, wrong = signed.artifact(b"other weights", "r.bin"), signed.artifact(b"wrong", "w.bin")
        with Registry.open(signed.registry) as registry:
            with pytest.raises(Refused, match="is not the artifact"):
                registry.sign("credit@1.1.0", key=signed.root / "key.pem", artifact=wrong)
            assert registry.sign("credit@1.1.0", key=signed.root / "key.pem", artifact=right).commit

    def test_register_run_again_finds_its_branch_although_no_two_signatures_are_alike(
        self, world: World
    ) -> None:
        private, _ = Key().save(world.root)
        artifact = world.artifact()
        first = json.loads(world.run("register", "m", str(artifact), "--sign", str(private), "--json").out)
        again = json.loads(world.run("register", "m", str(artifact), "--sign", str(private), "--json").out)
        assert again["commit"] == first["commit"]
        other, _ = Key().save(world.root, "other")
        third = json.loads(world.run("register", "m", str(artifact), "--sign", str(other), "--json").out)
        assert third["version"] != first["version"]

    def test_a_key_that_is_encrypted_opens_with_the_password_of_the_environment(
        self, signed: World, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        private, _ = Key().save(signed.root, "locked", password="sesame")
        ran = rollbook(signed.registry, "sign", "credit@1.1.0", "--key", str(private))
        assert (ran.code, "can't sign" in ran.err) == (2, True)
        monkeypatch.setenv("ROLLBOOK_SIGNING_PASSWORD", "sesame")
        signed.run("sign", "credit@1.1.0", "--key", str(private))

    @pytest.mark.parametrize("text", ["", "nonsense", "-----BEGIN PRIVATE KEY-----\nAAAA\n"])
    def test_what_is_no_key_is_said_and_nothing_is_left(self, world: World, text: str) -> None:
        key = world.root / "k.pem"
        key.write_text(text)
        ran = rollbook(world.registry, "register", "m", str(world.artifact()), "--sign", str(key))
        assert (ran.code, "can't sign" in ran.err) == (2, True)
        assert world.git("branch", "--list", "rollbook/*") == ""

    def test_two_ways_to_sign_or_none_are_refused(self, reader: World) -> None:
        for options in ([], ["--keyless", "--key", "k.pem"], ["--key", "k", "--chain", "c"]):
            assert rollbook(reader.registry, "sign", "credit@1.1.0", *options).code == 2

    def test_without_an_identity_of_ci_keyless_says_what_it_needs(self, reader: World) -> None:
        ran = rollbook(reader.registry, "sign", "credit@1.1.0", "--keyless")
        assert ran.code == 2
        assert "no identity token is at hand" in ran.err
        assert "id-token: write" in ran.err

    def test_without_the_library_it_says_what_to_install(
        self, reader: World, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setitem(sys.modules, "model_signing.signing", None)
        ran = rollbook(reader.registry, "sign", "credit@1.1.0", "--key", str(reader.root / "key.pem"))
        assert (ran.code, "pip install 'rollbook[sign]'" in ran.err) == (2, True)


class TestVerifying:
    def test_it_says_who_by_the_policy(self, reader: World) -> None:
        ran = reader.run("verify", "credit@1.0.0")
        assert ran.out == "release\n"
        assert "verified, and by model-signing" in ran.err

    def test_the_policy_s_word_is_set_aside_by_an_option(self, reader: World) -> None:
        stranger = str(reader.root / "stranger.pub.pem")
        ran = rollbook(reader.registry, "verify", "credit@1.0.0", "--key", stranger)
        assert (ran.code, "not signed with that key" in ran.err) == (1, True)

    def test_the_signature_of_another_key_counts_for_nothing(self, signed: World) -> None:
        data = (signed.registry / SIGNATURE).read_bytes()
        artifact = signed.artifact(b"other weights", "a.bin")
        made = signed.root / "made.sig"
        private = signed.root / "stranger.pem"
        assert not signing("sign", "key", artifact, "--private_key", private, "--signature", made).returncode
        add(signed, made.read_bytes(), SIGNATURE.replace("1.0.0", "1.1.0"))
        assert data != made.read_bytes()
        ran = rollbook(signed.registry, "verify", "credit@1.1.0")
        assert (ran.code, "nobody named signed it" in ran.err) == (1, True)

    def test_a_signature_that_the_library_made_is_taken_in(self, signed: World) -> None:
        artifact = signed.artifact(b"other weights", "a.bin")
        made, private = signed.root / "made.sig", signed.root / "key.pem"
        assert not signing("sign", "key", artifact, "--private_key", private, "--signature", made).returncode
        add(signed, made.read_bytes(), SIGNATURE.replace("1.0.0", "1.1.0"))
        assert signed.run("verify", "credit@1.1.0").out == "release\n"
        assert signed.run("check", "--all").code == 0

    def test_the_signature_of_another_version_is_found_out(self, signed: World) -> None:
        add(signed, (signed.registry / SIGNATURE).read_bytes(), SIGNATURE.replace("1.0.0", "1.1.0"))
        ran = rollbook(signed.registry, "verify", "credit@1.1.0")
        assert (ran.code, "it signs other bytes" in ran.err) == (1, True)
        assert "RB232" in rollbook(signed.registry, "check", "--all").out

    def test_local_bytes_are_held_against_it(self, reader: World) -> None:
        right, wrong = reader.artifact(b"weights", "right.bin"), reader.artifact(b"Weights", "wrong.bin")
        assert reader.run("verify", "credit@1.0.0", "--artifact", str(right)).out == "release\n"
        assert rollbook(reader.registry, "verify", "credit@1.0.0", "--artifact", str(wrong)).code == 1

    def test_what_is_not_signed_is_not_verified(self, reader: World) -> None:
        ran = rollbook(reader.registry, "verify", "credit@1.1.0")
        assert (ran.code, "is not signed" in ran.err) == (1, True)
        with pytest.raises(NotFound), Registry.open(reader.registry) as registry:
            registry.verify("credit@1.1.0")

    def test_bytes_that_were_replaced_in_the_store_are_found_out(self, signed: World) -> None:
        for stored in signed.artifacts.rglob("*"):
            if stored.is_file() and stored.read_bytes() == b"weights":
                stored.chmod(0o644)
                stored.write_bytes(b"WEIGHTS")
        for cached in (signed.registry / ".dvc" / "cache").rglob("*"):
            if cached.is_file():
                cached.unlink()
        assert rollbook(signed.registry, "verify", "credit@1.0.0").code == 1

    def test_without_the_library_rollbook_verifies_alone_and_says_so(
        self, reader: World, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("rollbook.artifact.signature_check.library_version", lambda: "")
        ran = reader.run("verify", "credit@1.0.0", "--json")
        assert json.loads(ran.out)["library"] == ""

    def test_half_an_identity_or_two_ways_are_refused(self, reader: World) -> None:
        public = str(reader.root / "key.pub.pem")
        for options in (["--identity", "x"], ["--key", public, "--certificate-chain", public]):
            assert rollbook(reader.registry, "verify", "credit@1.0.0", *options).code == 2
        with pytest.raises(BadCall), Registry.open(reader.registry) as registry:
            registry.verify("credit@1.0.0", key=reader.root / "key.pem")  # a private one

    def test_show_says_by_whom_and_whether_that_is_verified(self, signed: World) -> None:
        assert "signed      by release (key " in signed.run("show", "credit@1.0.0").out
        signed.write("registry/policy.yaml", signed.read("registry/policy.yaml").split("model_signers")[0])
        signed.commit()
        out = signed.run("show", "credit@1.0.0").out
        assert "not verified: nobody is named" in out
        told = json.loads(signed.run("show", "credit@1.0.0", "--json").out)["signature"]
        assert (told["signer"], told["why"] != "") == ("", True)


class TestACertificate:
    def test_a_signer_is_known_by_who_certified_them(self, world: World) -> None:
        key, root = Key(), Authority("Acme root")
        middle = Authority("Acme models", root)
        private, _ = key.save(world.root)
        leaf, chain = world.root / "leaf.pem", world.root / "chain.pem"
        leaf.write_text(pem_of(certify("models", key, middle, address="models@example.com")))
        chain.write_text(middle.pem)
        trusted = world.root / "root.pem"
        trusted.write_text(root.pem)
        pem = json.dumps(root.pem)
        world.policy(f"model_signers:\n  pki: {{certificates: {pem}, subject: models@example.com}}\n")
        world.register("credit", "1.0.0", content=b"weights")
        how = ("--key", str(private), "--certificate", str(leaf), "--chain", str(chain))
        world.run("sign", "credit@1.0.0", *how, "--land")
        assert world.run("verify", "credit@1.0.0").out == "pki\n"
        world.run("verify", "credit@1.0.0", "--certificate-chain", str(trusted))
        other = world.root / "other.pem"
        other.write_text(Authority("Acme root").pem)
        assert rollbook(world.registry, "verify", "credit@1.0.0", "--certificate-chain", str(other)).code == 1
        signature = world.registry / SIGNATURE
        artifact = world.artifact(b"weights")
        done = signing(
            "verify", "certificate", artifact, "--signature", signature, "--certificate_chain", trusted
        )
        assert done.returncode == 0, done.stderr


class TestFetching:
    def test_fetch_verify_checks_the_signature_first(self, reader: World) -> None:
        ran = reader.run("fetch", "credit@1.0.0", "--verify", "-o", str(reader.root / "f"), "--force")
        assert "signed by release" in ran.err

    def test_what_is_not_signed_is_fetched_and_that_is_said(self, reader: World) -> None:
        ran = reader.run("fetch", "credit@1.1.0", "--verify", "-o", str(reader.root / "g"), "--force")
        assert "credit@1.1.0 is not signed" in ran.err
        ran = rollbook(
            reader.registry, "fetch", "credit@1.1.0", "--key", str(reader.root / "key.pub.pem"), "-o", "h"
        )
        assert (ran.code, (reader.registry / "h").exists()) == (1, False)

    def test_a_signature_by_nobody_who_counts_stops_it_before_a_byte_is_written(self, reader: World) -> None:
        target = reader.root / "not-there.bin"
        stranger = str(reader.root / "stranger.pub.pem")
        ran = rollbook(reader.registry, "fetch", "credit@1.0.0", "--key", stranger, "-o", str(target))
        assert (ran.code, target.exists()) == (1, False)
        with pytest.raises(Refused), Registry.open(reader.registry) as registry:
            registry.fetch("credit@1.0.0", target, key=stranger)

    def test_the_signature_travels_in_a_bundle(
        self, signed: World, started: Template, tmp_path: Path
    ) -> None:
        bundle = signed.root / "credit.bundle"
        signed.run("export", "credit@1.0.0", "--bundle", str(bundle))
        other = World.new(tmp_path / "other")
        other.run("import", "bundle", str(bundle), "--land")
        assert other.read(SIGNATURE) == signed.read(SIGNATURE)
        other.run("verify", "credit@1.0.0", "--key", str(signed.root / "key.pub.pem"))

    def test_the_signature_travels_in_an_index(self, signed: World) -> None:
        index = signed.root / "index"
        signed.run("export", "--index", str(index))
        target, public = signed.root / "i.bin", str(signed.root / "key.pub.pem")
        remote = str(signed.artifacts)
        at = ("--index", str(index), "--remote", remote, "-o", str(target), "--force")
        ran = rollbook(signed.root, "fetch", "credit@1.0.0", "--verify", "--key", public, *at)
        assert (ran.code, "signed by the key given" in ran.err) == (0, True), ran.err
        ran = rollbook(signed.root, "fetch", "credit@1.0.0", "--verify", *at)
        assert "whose the signature of credit@1.0.0 is was not checked" in ran.err
        stranger = str(signed.root / "stranger.pub.pem")
        assert rollbook(signed.root, "fetch", "credit@1.0.0", "--key", stranger, *at).code == 1
        shown = rollbook(signed.root, "show", "credit@1.0.0", "--index", str(index))
        assert "signed      by a key" in shown.out


class TestWhatNeverChanges:
    def test_a_signature_is_not_replaced_or_removed(self, signed: World) -> None:
        private, artifact = signed.root / "stranger.pem", signed.artifact(b"weights", "w.bin")
        made = signed.root / "made.sig"
        assert not signing("sign", "key", artifact, "--private_key", private, "--signature", made).returncode
        (signed.registry / SIGNATURE).write_bytes(made.read_bytes())
        signed.git("commit", "--quiet", "-am", "Replace it")
        assert "RB301" in rollbook(signed.registry, "check", "--base", "origin/main", "--head", "HEAD").out
        signed.git("rm", "--quiet", SIGNATURE)
        signed.git("commit", "--quiet", "-m", "Remove it")
        assert "RB302" in rollbook(signed.registry, "check", "--base", "origin/main", "--head", "HEAD").out

    @pytest.mark.parametrize("data", [b"", b"{}", b"\xff\xfe", b'{"mediaType": 1}'])
    def test_what_is_no_signature_is_found(self, signed: World, data: bytes) -> None:
        add(signed, data, SIGNATURE.replace("1.0.0", "1.1.0"))
        assert "RB101" in rollbook(signed.registry, "check", "--all").out

    def test_a_signature_cut_short_is_found(self, signed: World) -> None:
        data = (signed.registry / SIGNATURE).read_bytes()
        add(signed, data[: len(data) // 2])
        assert "RB101" in rollbook(signed.registry, "check", "--all").out
        assert rollbook(signed.registry, "verify", "credit@1.0.0").code == 1

    def test_a_signer_who_can_be_known_by_nothing_is_found(self, world: World) -> None:
        pem = "-----BEGIN PUBLIC KEY-----\\nAAAA\\n-----END PUBLIC KEY-----\\n"
        world.policy(
            f'model_signers: {{x: {{key: "{pem}"}}}}\ngates: [{{gate: signed, to: [production], by: [y]}}]\n'
        )
        out = rollbook(world.registry, "check", "--all").out
        assert "RB233" in out
        assert "RB212" in out


def test_a_folder_is_signed_later_from_the_bytes_that_were_registered(world: World) -> None:
    private, public = Key().save(world.root)
    folder = world.root / "bert"
    (folder / "sub").mkdir(parents=True)
    (folder / "config.json").write_text("{}")
    (folder / "sub" / "weights.bin").write_bytes(b"w" * 100)
    world.run("register", "bert", str(folder), "--land")
    (folder / "config.json").write_text("changed since")
    world.run("sign", "bert@0.1.0", "--key", str(private), "--land")
    assert world.run("verify", "bert@0.1.0", "--key", str(public)).out == "the key given\n"
    ran = rollbook(world.registry, "verify", "bert@0.1.0", "--key", str(public), "--artifact", str(folder))
    assert (ran.code, "is not the artifact" in ran.err) == (1, True)
