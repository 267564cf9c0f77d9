"""Judged many at a time, signatures get the very verdicts that ssh-keygen gives each by itself."""

from __future__ import annotations

import base64
import itertools
import subprocess
import tempfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from building.world import git
from rollbook.signing.ssh_judge import SshJudge
from rollbook.signing.sshsig import ARMOUR, is_signature_of, unarmoured
from rollbook.signing.verdict import Judgement, Signed

from .histories import History

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

KINDS = {
    "ed25519": ["-t", "ed25519"],
    "ecdsa256": ["-t", "ecdsa", "-b", "256"],
    "ecdsa384": ["-t", "ecdsa", "-b", "384"],
    "ecdsa521": ["-t", "ecdsa", "-b", "521"],
    "rsa2048": ["-t", "rsa", "-b", "2048"],
    "rsa3072": ["-t", "rsa", "-b", "3072"],
}
AT = 1_767_225_600  # 2026-01-01T00:00:00Z
PAYLOADS = [b"the first\n", b"the second\n", b"x" * 5000]


@dataclass(frozen=True, repr=False)
class Bench:
    """Keys of every kind, what each signed, and a repository to judge in."""

    folder: Path
    history: History
    public: dict[str, str]
    signatures: dict[tuple[str, str, int], str]


def make_key(folder: Path, name: str, *options: str) -> str:
    subprocess.run(["ssh-keygen", "-q", "-N", "", "-f", str(folder / name), *options], check=True)
    return " ".join((folder / f"{name}.pub").read_text().split()[:2])


def signature(folder: Path, name: str, payload: bytes, namespace: str, *options: str) -> str:
    command = ["ssh-keygen", "-Y", "sign", "-n", namespace, "-f", str(folder / name), *options]
    return subprocess.run(command, input=payload, capture_output=True, check=True).stdout.decode()


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Bench:
    folder = tmp_path_factory.mktemp("bench")
    git(folder, "init", "-q", "--bare", "judge.git")
    public = {kind: make_key(folder, kind, *options) for kind, options in KINDS.items()}
    made = {
        (kind, namespace, number): signature(folder, kind, PAYLOADS[number], namespace)
        for kind, namespace, number in itertools.product(KINDS, ["git", "file"], range(2))
    }
    made["ed25519", "git", 2] = signature(folder, "ed25519", PAYLOADS[2], "git", "-Ohashalg=sha256")
    made["rsa2048", "git", 2] = signature(folder, "rsa2048", PAYLOADS[2], "git", "-Ohashalg=sha256")
    return Bench(folder, History(folder / "judge.git"), public, made)


def signed(armoured: str, payload: bytes, allowed: str, at: int = AT, **more: str) -> Signed:
    roots = (allowed.encode(),) if allowed.strip() else ()
    return Signed("0" * 40, payload, armoured, at, roots, **more)  # type: ignore[arg-type]


def both_say(bench: Bench, items: Sequence[Signed]) -> list[Judgement]:
    """The verdicts on many at once, which must be those on each by itself."""
    folder = Path(tempfile.mkdtemp(dir=bench.folder))
    judge = SshJudge(bench.history.repository, folder)
    with ThreadPoolExecutor(2) as pool:
        together = judge.verdicts(items, pool)
        assert together == list(pool.map(judge.verdict, items))
    return [verdict.judgement for verdict in together]


# --- allowed signers: who may sign, and when

PATTERNS = [
    "ci@example.com", "*@example.com", "c?@example.com", "*", "*,!ci@example.com", "!*,ci@example.com",
    '"ci@example.com"', "bob@example.com,ci@example.com", "CI@EXAMPLE.COM", "ci@example.com,", ",",
]  # fmt: skip
OPTIONS = [
    "", 'namespaces="git"', 'namespaces="file"', 'namespaces="file,git"', 'namespaces="g*"', "namespaces=git",
    'NAMESPACES="git"', 'valid-after="20260101"', 'valid-after="20260101Z"', 'valid-before="20260101Z"',
    'valid-before="20260102Z"', 'valid-after="20251231000000Z",valid-before="202601020000Z"',
    'valid-after="20260102Z",valid-before="20251231Z"', 'namespaces="git",valid-before="20991231"',
    'valid-before="20261331Z"', "valid-before=20991231Z", 'valid-before="2099"', 'valid-before=""',
    'Valid-Before="20200101Z"', 'valid-after="19700101Z"', "cert-authority", "unknown-option", 'x="y z"',
    'valid-before="20991231Z",valid-before="20991231Z"', 'namespaces="git',
]  # fmt: skip
COMMENTS = ["", " a comment", " # valid-before", ' valid-before="20200101Z"']
LINE = st.tuples(
    st.sampled_from(PATTERNS), st.sampled_from(OPTIONS), st.sampled_from([*KINDS]), st.sampled_from(COMMENTS)
)
EXTRA = st.sampled_from(["", "# a comment", "\t", "nonsense", "ci@example.com ssh-ed25519 AAAA", "\r"])
MOMENTS = [AT + seconds for seconds in (-(10**7), -86_401, -1, 0, 1, 86_400, 10**7)]


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(LINE, min_size=1, max_size=3), EXTRA, st.data())
def test_any_list_of_signers_is_read_as_ssh_keygen_reads_it(
    bench: Bench, lines: list[tuple[str, str, str, str]], extra: str, data: st.DataObject
) -> None:
    written = [f"{who} {option} {bench.public[kind]}{comment}" for who, option, kind, comment in lines]
    allowed = "\n".join([*written, extra]) + "\n"
    kinds = st.sampled_from([kind for _, _, kind, _ in lines] + ["ed25519"])
    items = [
        signed(bench.signatures[kind, namespace, number], PAYLOADS[number], allowed, at, namespace="git")
        for kind, namespace, number, at in data.draw(
            st.lists(
                st.tuples(
                    kinds,
                    st.sampled_from(["git", "git", "file"]),
                    st.integers(0, 1),
                    st.sampled_from(MOMENTS),
                ),
                min_size=2,
                max_size=6,
            )
        )
    ]
    both_say(bench, items)


@pytest.mark.parametrize("option", OPTIONS)
def test_each_option_counts_as_it_does_for_ssh_keygen(bench: Bench, option: str) -> None:
    allowed = f"ci@example.com {option} {bench.public['ed25519']}\n"
    items = [
        signed(bench.signatures["ed25519", "git", number], PAYLOADS[number], allowed, at)
        for number, at in itertools.product(range(2), MOMENTS)
    ]
    both_say(bench, items)


def test_a_key_that_is_listed_twice_counts_in_both_its_times(bench: Bench) -> None:
    key = bench.public["ed25519"]
    allowed = f'ci@example.com valid-before="20251201Z" {key}\nci@example.com valid-after="20260201Z" {key}\n'
    moments = [AT - 90 * 86_400, AT - 80 * 86_400, AT, AT + 1, AT + 90 * 86_400, AT + 91 * 86_400]
    items = [
        signed(bench.signatures["ed25519", "git", 0], PAYLOADS[0], allowed, moment) for moment in moments
    ]
    good, bad = Judgement.GOOD, Judgement.NOT_ALLOWED
    assert both_say(bench, items) == [good, good, bad, bad, good, good]


def test_a_date_without_a_zone_is_left_to_ssh_keygen_near_it(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    allowed = f'ci@example.com valid-before="20260101" {bench.public["ed25519"]}\n'
    for zone in ("UTC", "Pacific/Kiritimati", "America/New_York"):
        monkeypatch.setenv("TZ", zone)
        items = [
            signed(bench.signatures["ed25519", "git", 0], PAYLOADS[0], allowed, AT + hours * 3600)
            for hours in range(-16, 17, 2)
        ]
        assert {*both_say(bench, items)} == {Judgement.GOOD, Judgement.NOT_ALLOWED}


def test_a_revoked_key_counts_for_nothing_in_either_way(bench: Bench) -> None:
    revoked = bench.folder / "revoked"
    subprocess.run(
        ["ssh-keygen", "-q", "-k", "-f", str(revoked), str(bench.folder / "ed25519.pub")], check=True
    )
    git(bench.history.directory, "config", "gpg.ssh.revocationFile", str(revoked))
    allowed = "".join(f"{kind}@example.com {key}\n" for kind, key in bench.public.items())
    items = [
        signed(bench.signatures[kind, "git", number], PAYLOADS[number], allowed)
        for kind, number in itertools.product(["ed25519", "ecdsa256"], range(2))
    ]
    try:
        said = both_say(bench, items)
    finally:
        git(bench.history.directory, "config", "--unset", "gpg.ssh.revocationFile")
    assert said == [Judgement.NOT_ALLOWED] * 2 + [Judgement.GOOD] * 2


# --- signatures, and what is done to them


def everybody(bench: Bench) -> str:
    return "".join(f"{kind}@example.com {key}\n" for kind, key in bench.public.items())


def test_a_sound_signature_of_each_kind_of_key_is_checked_in_this_process(bench: Bench) -> None:
    for (_, namespace, number), armoured in bench.signatures.items():
        blob = unarmoured(armoured)
        assert blob is not None
        assert is_signature_of(blob, PAYLOADS[number], namespace)
        assert not is_signature_of(blob, PAYLOADS[number] + b" ", namespace)
        assert not is_signature_of(blob, PAYLOADS[number], f"{namespace}s")


def test_many_signatures_of_one_key_take_as_many_processes_as_one(bench: Bench, tmp_path: Path) -> None:
    calls = tmp_path / "calls"
    program = tmp_path / "ssh-keygen"
    program.write_text(f'#!/bin/sh\necho >>"{calls}"\nexec ssh-keygen "$@"\n')
    program.chmod(0o755)
    git(bench.history.directory, "config", "gpg.ssh.program", str(program))
    try:
        judge = SshJudge(bench.history.repository, tmp_path)
    finally:
        git(bench.history.directory, "config", "--unset", "gpg.ssh.program")
    items = [
        signed(
            bench.signatures["ed25519", "git", number % 3],
            PAYLOADS[number % 3],
            everybody(bench),
            AT + number,
        )
        for number in range(40)
    ]
    with ThreadPoolExecutor(2) as pool:
        said = judge.verdicts(items, pool)
    assert {verdict.principal for verdict in said} == {"ed25519@example.com"}
    assert len(calls.read_text()) == 1


def mutations(blob: bytes) -> Iterator[bytes]:
    """Every single byte changed, each in one of four ways, and cut off or made longer."""
    for place in range(len(blob)):
        change = (b"\x01", b"\x80", b"\xff", b"\x20")[place % 4]
        yield blob[:place] + bytes([blob[place] ^ change[0]]) + blob[place + 1 :]
    yield blob[:-1]
    yield blob + b"\0"
    yield blob[:20]


def armoured(blob: bytes) -> str:
    text = base64.b64encode(blob).decode()
    lines = "\n".join(text[start : start + 70] for start in range(0, len(text), 70))
    return f"{ARMOUR}{lines}\n-----END SSH SIGNATURE-----\n"


@pytest.mark.parametrize("kind", KINDS)
def test_no_changed_signature_is_sound_here(bench: Bench, kind: str) -> None:
    blob = unarmoured(bench.signatures[kind, "git", 0])
    assert blob is not None
    assert armoured(blob) == bench.signatures[kind, "git", 0]
    for mutated in mutations(blob):
        assert not is_signature_of(mutated, PAYLOADS[0], "git")


@pytest.mark.parametrize("kind", KINDS)
def test_a_changed_signature_is_judged_as_ssh_keygen_judges_it(bench: Bench, kind: str) -> None:
    blob = unarmoured(bench.signatures[kind, "git", 0])
    assert blob is not None
    some = [*mutations(blob)][:: max(len(blob) // 12, 1)]
    items = [signed(bench.signatures[kind, "git", 0], PAYLOADS[0], everybody(bench))]
    items += [signed(armoured(mutated), PAYLOADS[0], everybody(bench)) for mutated in some]
    items += [signed(bench.signatures[kind, "git", 1], PAYLOADS[0], everybody(bench))]
    said = both_say(bench, items)
    assert (said[0], {*said[1:]}) == (Judgement.GOOD, {Judgement.BROKEN})


def fields(blob: bytes) -> list[bytes]:
    rest, found = blob[10:], []
    while rest:
        end = 4 + int.from_bytes(rest[:4], "big")
        found.append(rest[4:end])
        rest = rest[end:]
    return found


def joined(parts: Sequence[bytes]) -> bytes:
    return b"".join(len(part).to_bytes(4, "big") + part for part in parts)


SHAPES = {
    "another hash": lambda parts: [*parts[:3], b"sha256", parts[4]],
    "an unknown hash": lambda parts: [*parts[:3], b"md5", parts[4]],
    "something reserved": lambda parts: [*parts[:2], b"x", *parts[3:]],
    "another algorithm": lambda parts: [*parts[:4], joined([b"ssh-rsa", fields(b"." * 10 + parts[4])[1]])],
    "more in the signature": lambda parts: [*parts[:4], parts[4] + b"\0\0\0\0"],
    "more behind": lambda parts: [*parts, b"x"],
    "more in the key": lambda parts: [parts[0] + b"\0\0\0\0", *parts[1:]],
    "no signature": lambda parts: [*parts[:4], b""],
    "no key": lambda parts: [b"", *parts[1:]],
}  # fmt: skip


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("kind", ["ed25519", "ecdsa256", "rsa2048"])
def test_a_signature_of_an_unusual_shape_is_judged_as_ssh_keygen_judges_it(
    bench: Bench, kind: str, shape: str
) -> None:
    blob = unarmoured(bench.signatures[kind, "git", 0])
    assert blob is not None
    bent = blob[:10] + joined(SHAPES[shape](fields(blob)))
    assert not is_signature_of(bent, PAYLOADS[0], "git")
    items = [
        signed(bench.signatures[kind, "git", 0], PAYLOADS[0], everybody(bench)),
        signed(armoured(bent), PAYLOADS[0], everybody(bench)),
    ]
    assert both_say(bench, items)[0] is Judgement.GOOD


def test_a_certificate_is_left_to_ssh_keygen(bench: Bench, tmp_path: Path) -> None:
    make_key(tmp_path, "holder", "-t", "ed25519")
    authority = bench.public["ecdsa256"]
    command = ["ssh-keygen", "-q", "-s", str(bench.folder / "ecdsa256"), "-I", "x", "-n", "ci@example.com"]
    subprocess.run([*command, "-V", "20250101:20270101", str(tmp_path / "holder.pub")], check=True)
    made = signature(tmp_path, "holder-cert.pub", PAYLOADS[0], "git")
    blob = unarmoured(made)
    assert blob is not None
    assert not is_signature_of(blob, PAYLOADS[0], "git")
    allowed = f"ci@example.com cert-authority {authority}\n"
    items = [signed(made, PAYLOADS[0], allowed, at) for at in (AT, AT + 1, AT + 10**8)]
    assert both_say(bench, items) == [Judgement.GOOD, Judgement.GOOD, Judgement.NOT_ALLOWED]


def test_a_short_rsa_key_is_judged_as_ssh_keygen_judges_it(bench: Bench) -> None:
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import rsa

    key = rsa.generate_private_key(65537, 1024)
    path = bench.folder / "short"
    path.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.OpenSSH, serialization.NoEncryption()
        )
    )
    path.chmod(0o600)
    public = subprocess.run(
        ["ssh-keygen", "-y", "-f", str(path)], capture_output=True, text=True, check=True
    ).stdout
    allowed = f"ci@example.com {public}"
    items = [
        signed(
            signature(bench.folder, "short", PAYLOADS[number], "git"), PAYLOADS[number], allowed, AT + number
        )
        for number in range(2)
    ]
    both_say(bench, items)


def test_dates_are_told_apart_to_the_second(bench: Bench) -> None:
    moment = f"{datetime.fromtimestamp(AT, UTC):%Y%m%d%H%M%S}Z"
    allowed = f'ci@example.com valid-before="{moment}" {bench.public["ed25519"]}\n'
    items = [
        signed(bench.signatures["ed25519", "git", 0], PAYLOADS[0], allowed, AT + seconds)
        for seconds in range(-3, 4)
    ]
    said = both_say(bench, items)
    assert (said[0], said[-1]) == (Judgement.GOOD, Judgement.NOT_ALLOWED)
