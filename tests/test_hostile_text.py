"""What others write is read, or refused by an error of Rollbook's own, whatever it is."""

from __future__ import annotations

import io
import json
import os
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rollbook.artifact.dir_object import parse_listing
from rollbook.artifact.formats.detection import detect_open_file
from rollbook.artifact.pickle_scan import may_run_code
from rollbook.artifact.zip_scan import zip_format
from rollbook.check.card_sections import front_matter, sections
from rollbook.check.contributors import same_but_for_approvals
from rollbook.check.gates.required_fields import unpinned
from rollbook.check.wording import placeholder
from rollbook.errors import RollbookError
from rollbook.git.commits import parse_commit
from rollbook.insight.card.card_html import as_html
from rollbook.insight.card.card_text import split_front
from rollbook.propose.facts_files import metrics_file, params_file, report_metrics
from rollbook.propose.samples import read_sample
from rollbook.records.evidence import parse_evidence
from rollbook.records.imported import parse_imported
from rollbook.records.manifest import parse_manifest
from rollbook.records.model import parse_model
from rollbook.records.origin import parse_origin
from rollbook.records.policy import parse_policy
from rollbook.records.stages import parse_stages
from rollbook.signing.sshsig import is_signature_of, signing_key
from rollbook.trail.standing_tags import is_of_trail, standing_tag
from rollbook.trail.tag import parse_trailers, recorded_tag
from rollbook.yaml.strict import load

if TYPE_CHECKING:
    from collections.abc import Callable

EXAMPLES = Path(__file__).parent / "schema" / "examples"
CARD = (
    b"---\nlicense: mit\n---\n# A [b](c) `d` **e**\n\n<!-- TODO -->\n```\n# x\n```\n"
    b"- {{ f }}\n  - g\n| a |\n|-|\n"
)
FRONT = b"license: mit\n# rollbook:begin\nmodel: x\n# rollbook:end\n"
TAG = (
    b"object "
    + b"a" * 40
    + b"\ntype commit\ntag credit@v1.0.0\ntagger J <j@example.com> 1767225600 +0000\n\n"
    b"credit@v1.0.0 was registered\n\nAction: registered\nEvent: 1\nModel: credit\nVersion: 1.0.0\n"
    b"Approved-By: b@example.com\nLanded-In: " + b"a" * 40 + b"\nManifest-Digest: sha256:" + b"b" * 64 + b"\n"
    b"Previous-Event: "
    + b"c" * 40
    + b"\n-----BEGIN SSH SIGNATURE-----\nU1NIU0lH\n-----END SSH SIGNATURE-----\n"
)
COMMIT = (
    b"tree " + b"a" * 40 + b"\nparent " + b"b" * 40 + b"\nauthor J <j@example.com> 1 +0000\n"
    b"committer J <j@example.com> 1 +0000\nencoding latin-1\ngpgsig -----BEGIN SSH SIGNATURE-----\n"
    b" U1NIU0lH\n -----END SSH SIGNATURE-----\n\nSubject\n"
)
PICKLE = (
    b"\x80\x04\x95\x1e\0\0\0\0\0\0\0\x8c\x05posix\x94\x8c\x06system\x94\x93\x94\x8c\x04true\x94\x85\x94R\x94."
)
ZIP = (
    b"PK\x03\x04\x14\0\0\0\0\0\0\0!\0\0\0\0\0\x01\0\0\0\x01\0\0\0\x01\0\0\0axPK\x01\x02\x14\x03\x14\0\0\0\0\0"
    b"\0\0!\0\0\0\0\0\x01\0\0\0\x01\0\0\0\x01\0\0\0\0\0\0\0\0\0\0\0\x80\x01\0\0\0\0aPK\x05\x06\0\0\0\0\x01\0\x01\0"
    b"/\0\0\0 \0\0\0\0\0"
)
LISTING = json.dumps([{"md5": "a" * 32, "relpath": "a"}, {"md5": "b" * 32, "relpath": "b/c"}]).encode()


def text(data: bytes) -> str:
    return data.decode(errors="replace")


def in_file(data: bytes, read: Callable[[Path], object]) -> None:
    descriptor = os.memfd_create("told")
    with os.fdopen(descriptor, "r+b") as file:
        file.write(data)
        file.flush()
        read(Path(f"/proc/self/fd/{descriptor}"))


def detected(data: bytes) -> None:
    with os.fdopen(os.memfd_create("model"), "r+b") as file:
        file.write(data)
        file.seek(0)
        assert detect_open_file(file, "model.bin")


def example(name: str) -> bytes:
    return (EXAMPLES / f"{name}.yaml").read_bytes()


STAGES = load(example("stages"))
READERS: dict[str, tuple[Callable[[bytes], object], bytes]] = {
    "a card's sections": (lambda data: (sections(text(data)), placeholder(text(data))), CARD),
    "a card's front matter": (lambda data: front_matter(text(data)), CARD),
    "a card's generated parts": (lambda data: split_front(text(data), "card.md"), FRONT),
    "a card's page": (lambda data: as_html(text(data), "t"), CARD),
    "conda's environment": (
        lambda data: unpinned({}, {"environment.yml": text(data)}), b"dependencies: [a=1.2.3, {pip: [b]}]\n"
    ),
    "conda's lock": (lambda data: unpinned({}, {"conda-lock.yml": text(data)}), b"package: [{name: a}]\n"),
    "pixi's lock": (lambda data: unpinned({}, {"pixi.lock": text(data)}), b"packages: [{conda: a-1-0}]\n"),
    "uv's lock": (
        lambda data: unpinned({}, {"uv.lock": text(data)}),
        b'version = 1\n[[package]]\nname = "a"\nsource = { git = "b" }\n',
    ),
    "Poetry's lock": (
        lambda data: unpinned({}, {"poetry.lock": text(data)}),
        b'[[package]]\nname = "a"\n[package.source]\ntype = "git"\n[metadata]\nlock-version = "2"\n',
    ),
    "Python's own lock": (
        lambda data: unpinned({}, {"pylock.toml": text(data)}),
        b'lock-version = "1.0"\n[[packages]]\nname = "a"\nwheels = [{ hashes = { sha256 = "b" } }]\n',
    ),
    "requirements": (
        lambda data: unpinned({}, {"requirements.txt": text(data)}),
        b"a==1 --hash=x\n-r b\nc[d] >= 2 ; e\\\n # f\n",
    ),
    "a tag of the trail": (lambda data: recorded_tag("credit@v1.0.0", "a" * 40, data), TAG),
    "a tag as it stands": (lambda data: (standing_tag("a", "a" * 40, data), is_of_trail(data)), TAG),
    "trailers": (lambda data: parse_trailers(text(data)), TAG),
    "a commit": (lambda data: parse_commit("a" * 40, data), COMMIT),
    "a signature": (lambda data: signing_key(text(data)), TAG[TAG.index(b"-----BEGIN") :]),
    "a signature's blob": (lambda data: is_signature_of(data, b"x", "git"), b"SSHSIG\0\0\0\x01\0\0\0\x02ab"),
    "approvals": (lambda data: same_but_for_approvals(load(data), STAGES), example("stages")),
    "stages": (lambda data: parse_stages(data, "x"), example("stages")),
    "a policy": (lambda data: parse_policy(data, "x"), example("policy")),
    "a manifest": (lambda data: parse_manifest(data, "x"), example("version")),
    "a model": (lambda data: parse_model(data, "x"), example("model")),
    "an origin": (lambda data: parse_origin(data, "x"), example("origin")),
    "an import": (lambda data: parse_imported(data, "x"), example("imported")),
    "evidence": (lambda data: parse_evidence(data, "evidence/fairness-1.yaml"), example("evidence")),
    "metrics": (lambda data: in_file(data, metrics_file), b'{"auc": 0.9, "b": {"c": 1e3}}'),
    "hyperparameters": (lambda data: in_file(data, params_file), b'{"rate": 0.1, "layers": [1, 2]}'),
    "a report": (lambda data: in_file(data, report_metrics), b'{"metrics": {"auc": 0.9}}'),
    "a sample": (lambda data: read_sample(data, Path("x")).tensors("input"), b'[{"a": 1, "b": 2.5}]'),
    "a folder's listing": (lambda data: parse_listing(data, "x"), LISTING),
    "a pickle": (lambda data: may_run_code(io.BytesIO(data), len(data)), PICKLE),
    "a zip": (lambda data: zip_format(io.BytesIO(data), len(data)), ZIP),
    "a model's format": (detected, PICKLE),
}  # fmt: skip
WORDS = [
    "\n",
    "\r",
    "\0",
    "---\n",
    "[" * 60,
    "{" * 60,
    "`" * 9,
    "<!--",
    "-->",
    "]]>",
    "NaN",
    "1e999",
    "9" * 400,
]
WORDS += [
    "\u2028",
    "\u202e",
    "\x1b[2J",
    "&a *a",
    "!!python/name:os",
    ": ",
    "- " * 30,
    "# ",
    "null",
    "true",
    '"',
    "'",
]
BYTES = [b"\xff", b"PK\x05\x06", b"\n-----BEGIN ", b"\x93", b"\x8e" + b"\xff" * 8, *map(str.encode, WORDS)]
PIECES = st.one_of(st.binary(max_size=8), st.sampled_from(BYTES))


@st.composite
def changed(draw: st.DrawFn, valid: bytes) -> bytes:
    """Something valid, in which pieces were put, taken out, or said twice."""
    data = valid
    for _ in range(draw(st.integers(0, 4))):
        start = draw(st.integers(0, len(data)))
        end = draw(st.integers(start, min(len(data), start + 40)))
        put = draw(st.one_of(PIECES, st.just(data[start:end] * 2)))
        data = data[:start] + put + data[end:]
    return data


@pytest.mark.parametrize("what", READERS)
@given(data=st.data())
def test_no_text_of_others_breaks_its_reader(what: str, data: st.DataObject) -> None:
    read, valid = READERS[what]
    with suppress(RollbookError):
        read(data.draw(changed(valid)))


@pytest.mark.parametrize("what", READERS)
def test_the_text_that_is_changed_is_valid(what: str) -> None:
    read, valid = READERS[what]
    read(valid)
