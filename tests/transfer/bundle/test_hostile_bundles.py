"""What somebody may have done to a bundle, and how it is refused: with nothing changed."""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
import zipfile
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from building.world import rollbook
from rollbook.errors import RollbookError
from rollbook.transfer.bundle import ustar
from rollbook.transfer.bundle.bundle_reading import open_bundle

from .bundles import put_together, taken_apart, with_tag, write
from .conftest import REFERENCE, Pair, new_key, public

if TYPE_CHECKING:
    from pathlib import Path

TAG = "credit@v1.2.0"
MANIFEST = "files/version.yaml"


def refused(pair: Pair, *options: str) -> str:
    """What is said when prod refuses the bundle; it has changed nothing then."""
    before = pair.prod.git("for-each-ref"), _stored(pair)
    ran = rollbook(pair.prod.registry, "import", "bundle", str(pair.bundle), *options)
    assert ran.code in (1, 2), ran.out + ran.err
    assert (pair.prod.git("for-each-ref"), _stored(pair)) == before
    return ran.err


def _stored(pair: Pair) -> list[Path]:
    cache = pair.prod.registry / ".dvc" / "cache"
    return sorted(path for root in (pair.prod.artifacts, cache) for path in root.rglob("*") if path.is_file())


def test_an_edited_manifest(pair: Pair):
    index, files = taken_apart(pair.bundle)
    files[MANIFEST] = files[MANIFEST].replace(b"auc: 0.93", b"auc: 0.99")
    put_together(pair.bundle, index, files)
    assert "names a manifest with SHA-256" in refused(pair)


def test_a_swapped_artifact(pair: Pair):
    index, files = taken_apart(pair.bundle)
    files["artifact/model.bin"] = b"credit 6.6.6"
    put_together(pair.bundle, index, files)
    assert "is not the manifest's artifact" in refused(pair)


def test_a_swapped_artifact_with_a_manifest_to_match(pair: Pair):
    index, files = taken_apart(pair.bundle)
    old, new = (hashlib.sha256(data).hexdigest() for data in (b"credit 1.2.0", b"credit 6.6.6"))
    files["artifact/model.bin"] = b"credit 6.6.6"
    files[MANIFEST] = files[MANIFEST].replace(old.encode(), new.encode())
    put_together(pair.bundle, index, files)
    assert "the bundle contradicts itself" in refused(pair)


def test_a_swapped_attachment(pair: Pair):
    index, files = taken_apart(pair.bundle)
    files["attachments/fairness-1/report.html"] = b"<p>evil</p>!"
    put_together(pair.bundle, index, files)
    assert "is not attached to fairness-1" in refused(pair)


def test_the_tag_of_another_version(pair: Pair, tmp_path: Path):
    pair.dev.run("export", "credit@1.1.0", "--bundle", str(tmp_path / "other"))
    _, others = taken_apart(tmp_path / "other")
    index, files = taken_apart(pair.bundle)
    kept = {name: data for name, data in files.items() if not name.startswith("trail/")}
    tags = {name: data for name, data in others.items() if name.startswith("trail/")}
    put_together(pair.bundle, index, {**kept, **tags})
    assert "is about credit@1.1.0" in refused(pair)


def test_a_bundle_that_calls_itself_another_version(pair: Pair):
    index, files = taken_apart(pair.bundle)
    put_together(pair.bundle, {**index, "version": "1.3.0"}, files)
    assert "is about credit@1.2.0, and not about credit@1.3.0" in refused(pair)


def test_a_tag_under_another_name_than_it_bears(pair: Pair):
    index, files = taken_apart(pair.bundle)
    files = with_tag(files, TAG, b"\ntag credit@v1.2.0\n", b"\ntag credit@v1.2.1\n")
    put_together(pair.bundle, index, files)
    assert "whose tag has another name" in refused(pair)


def test_an_edited_tag_under_its_old_id(pair: Pair):
    index, files = taken_apart(pair.bundle)
    name = next(
        each for each in files if files[each].startswith(b"object") and b"\ntag credit@v" in files[each]
    )
    files[name] = files[name].replace(b"Jane Doe", b"Jane Roe")
    put_together(pair.bundle, index, files)
    assert "the object of the tag 'credit@v1.2.0' is" in refused(pair)


def test_a_registration_that_is_left_out(pair: Pair):
    index, files = taken_apart(pair.bundle)
    put_together(pair.bundle, index, {name: data for name, data in files.items() if TAG.encode() not in data})
    assert "does not register the version" in refused(pair)


def test_an_edited_tag_of_an_unsigned_registry_can_not_be_told_but_its_id_is_another(pair: Pair):
    index, files = taken_apart(pair.bundle)
    original = {name for name in files if name.startswith("trail/")}
    files = with_tag(files, TAG, b"Jane Doe", b"Jane Roe")
    put_together(pair.bundle, index, files)
    ran = pair.prod.run("import", "bundle", str(pair.bundle), "--json")
    tags = json.loads(ran.out)["imported"]["sources"][0]["tags"]
    assert f"trail/{tags[0]['object']}" not in original
    assert "not signed" in json.loads(ran.out)["doubt"]


def test_a_forged_tag_under_a_signature_that_was_another_ones(signed: Pair):
    index, files = taken_apart(signed.bundle)
    put_together(signed.bundle, index, with_tag(files, TAG, b"Jane Doe", b"Jane Roe"))
    assert "not one over this tag" in refused(signed)


def test_a_stage_that_was_made_up_under_anothers_signature(signed: Pair):
    index, files = taken_apart(signed.bundle)
    put_together(
        signed.bundle,
        index,
        with_tag(files, "credit#staging#3", b"Reason: for staging", b"Reason: for prod!!!"),
    )
    assert "not one over this tag" in refused(signed)


def test_a_signature_of_a_key_that_is_not_in_the_list(signed: Pair, tmp_path: Path):
    signers = tmp_path / "others"
    signers.write_text(f"mallory@example.com {public(new_key(tmp_path / 'mallory'))}\n")
    said = refused(signed, "--allowed-signers", str(signers))
    assert "nobody vouches for the tag 'credit@v1.2.0' of dev.git" in said


@pytest.mark.parametrize("option", ["--require-signature", "--allowed-signers"])
def test_a_stripped_signature_where_one_is_required(signed: Pair, option: str):
    index, files = taken_apart(signed.bundle)
    (name,) = [each for each in files if each.startswith("trail/") and f"tag {TAG}\n".encode() in files[each]]
    signature = files[name][files[name].index(b"-----BEGIN SSH") :]
    put_together(signed.bundle, index, with_tag(files, TAG, signature, b""))
    options = [option, str(signed.signers)] if option == "--allowed-signers" else [option]
    assert "it is not signed" in refused(signed, *options)


def test_a_good_signature_is_named_and_kept(signed: Pair):
    ran = signed.prod.run(
        "import", "bundle", str(signed.bundle), "--allowed-signers", str(signed.signers), "--land"
    )
    assert "signed by release@example.com" in ran.err
    assert "(signed by release@example.com)" in signed.prod.run("lineage", REFERENCE).out
    assert "no errors" in signed.prod.run("check", "--all").out


def test_the_registrys_own_list_vouches_too(signed: Pair):
    own = signed.prod.registry / "registry" / "allowed_signers"
    own.write_text(signed.signers.read_text())
    signed.prod.git("add", ".")
    signed.prod.git("commit", "--quiet", "-m", "Name who may sign")
    signed.prod.git("push", "--quiet", "origin", "main")
    ran = signed.prod.run("import", "bundle", str(signed.bundle), "--require-signature", "--json")
    assert json.loads(ran.out)["imported"]["sources"][0]["signed_by"] == "release@example.com"


def test_a_signed_registry_is_not_believed_to_be_vouched_for_without_a_list(signed: Pair):
    assert "nobody vouches for that tag" in signed.prod.run("import", "bundle", str(signed.bundle)).err


# --- the frame --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name",
    [
        "../../etc/passwd",
        "/etc/passwd",
        "files/../../x",
        "files/stages.yaml",
        "files/removed.yaml",
        "files/evidence/../../../policy.yaml",
        "artifact/../x",
        "artifact/a//b",
        "artifact/.git/config",
        "artifact/model.bin.dvc",
        "attachments/fairness-1/../../x",
        "attachments/x/report.html",
        "trail/../x",
        "extra",
    ],
)
def test_a_member_that_has_no_place(pair: Pair, name: str):
    index, files = taken_apart(pair.bundle)
    put_together(pair.bundle, index, {**files, name: b"x"})
    assert "bundle.json in the bundle lists" in refused(pair)


def test_a_second_artifact(pair: Pair):
    index, files = taken_apart(pair.bundle)
    put_together(pair.bundle, index, {**files, "artifact/other.bin": b"x"})
    assert "neither manifest nor evidence names" in refused(pair)


def test_a_name_that_is_there_twice(pair: Pair):
    index, files = taken_apart(pair.bundle)
    write(pair.bundle, {**index, "members": [index["members"][0], *index["members"]]}, files)
    assert "lists files twice, or out of order" in refused(pair)


@pytest.mark.parametrize("size", [0, 11, 13, -1, 1 << 60, True, 12.0, "12"])
def test_a_size_that_is_a_lie(pair: Pair, size: object):
    index, files = taken_apart(pair.bundle)
    first = {**index["members"][0], "size": size}
    write(pair.bundle, {**index, "members": [first, *index["members"][1:]]}, files)
    refused(pair)


def test_a_digest_that_is_a_lie(pair: Pair):
    data = pair.bundle.read_bytes()
    assert data.count(b"# Credit\n") == 1
    pair.bundle.write_bytes(data.replace(b"# Credit\n", b"# Debit!\n"))
    assert "is not the one that bundle.json names" in refused(pair)


def test_a_file_after_the_last(pair: Pair):
    data = pair.bundle.read_bytes()
    pair.bundle.write_bytes(data[: -len(ustar.END)] + ustar.head("x", 1) + b"x" + bytes(511) + ustar.END)
    refused(pair)


@pytest.mark.parametrize(
    "kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.FIFOTYPE, tarfile.DIRTYPE]
)
def test_a_member_that_is_no_plain_file(pair: Pair, kind: bytes):
    with tarfile.open(pair.bundle) as archive:
        names = [member.name for member in archive]
        contents = {name: archive.extractfile(name).read() for name in names}  # type: ignore[union-attr]
    with tarfile.open(pair.bundle, "w", format=tarfile.USTAR_FORMAT) as archive:
        for name in names:
            member = tarfile.TarInfo(name)
            member.size = len(contents[name])
            if name == "artifact/model.bin":
                member.type, member.linkname, member.size = kind, "/etc/passwd", 0
            archive.addfile(member, io.BytesIO(contents[name]))
    refused(pair)


def test_a_zip_file(pair: Pair):
    with zipfile.ZipFile(pair.bundle, "w") as archive:
        archive.writestr("bundle.json", "{}")
    assert "is no bundle" in refused(pair)


@pytest.mark.parametrize("data", [b"", b"\0", bytes(512), bytes(10240), b"x" * 5000])
def test_a_file_that_is_nothing(pair: Pair, data: bytes):
    pair.bundle.write_bytes(data)
    refused(pair)


@pytest.mark.parametrize(
    "change", [{"format": 2}, {"format": True}, {"more": 1}, {"source": None}, {"model": "../x"}]
)
def test_an_index_of_another_kind(pair: Pair, change: dict[str, object]):
    index, files = taken_apart(pair.bundle)
    write(pair.bundle, {**index, **change}, files)
    refused(pair)


def test_a_folder_or_nothing_in_its_place(pair: Pair):
    pair.bundle.unlink()
    assert "does not exist" in refused(pair)
    pair.bundle.mkdir()
    refused(pair)


def test_a_bundle_that_is_cut_off_anywhere(pair: Pair):
    data = pair.bundle.read_bytes()
    for end in range(1, len(data), 509):
        pair.bundle.write_bytes(data[:end])
        with pytest.raises(RollbookError), open_bundle(pair.bundle):
            pass


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(place=st.integers(min_value=0), bit=st.integers(0, 7))
def test_any_flipped_bit_is_refused(pair: Pair, place: int, bit: int):
    data = bytearray(pair.bundle.read_bytes())
    data[place % len(data)] ^= 1 << bit
    flipped = pair.bundle.with_name("flipped")
    flipped.write_bytes(data)
    with pytest.raises(RollbookError):
        _read_whole(flipped)


def _read_whole(path: Path) -> None:
    with open_bundle(path) as bundle:
        bundle.files()
        bundle.tags()
        for member in bundle.stored():
            bundle.copy(member, lambda _: None, lambda _: None)
