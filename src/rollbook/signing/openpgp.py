"""One OpenPGP signature, judged by gpg and the keyring it has.

What gpg finds is read from its status lines, which no key or message can write into:
https://github.com/gpg/gnupg/blob/master/doc/DETAILS.
"""

from __future__ import annotations

import subprocess
import tempfile
from pathlib import Path

from rollbook.errors import CannotTell
from rollbook.git.environment import clean_environment
from rollbook.git.work_limit import counted_child, require_time
from rollbook.signing.verdict import Judgement, SignatureVerdict

_PREFIX = "[GNUPG:] "
_TRUSTED = frozenset(["TRUST_FULLY", "TRUST_ULTIMATE"])
_UNSOUND = frozenset(["BADSIG", "ERRSIG", "EXPSIG", "EXPKEYSIG", "REVKEYSIG", "TRUST_NEVER"])
_TRUST_IT = "trust it, once you are sure whose it is: gpg --lsign-key FINGERPRINT"


def openpgp_verdict(program: str, signature: Path, payload: bytes, at: int) -> SignatureVerdict:
    """Judge a detached signature for the moment `at` (Unix time, seconds).

    It is good when the keyring trusts its key fully and the key had not expired at that moment; a revoked key
    never counts. Raises CannotTell when gpg can't be started.
    """
    words, code = _verified(program, signature, payload)
    status = {word[0]: word[1:] for word in words if word}
    if "EXPKEYSIG" in status and "VALIDSIG" in status and _is_own(program, status["VALIDSIG"][-1]):
        # Gpg says nothing of an expired key's validity; ultimate trust is the owner's word, and stays.
        status["TRUST_ULTIMATE"] = []
    return _verdict(status, words, code, at)


def openpgp_signer(program: str, signature: str, payload: bytes) -> str | None:
    """Return the fingerprint (`openpgp:` and the primary key's) of who signed `payload`; None when that is
    not one good signature by a key in gpg's keyring that is in force now. Whether the keyring trusts it is
    no matter: whoever asks has a list. Raises CannotTell when gpg can't be started.
    """
    with tempfile.NamedTemporaryFile("w", suffix=".asc", encoding="utf-8", errors="surrogateescape") as file:
        file.write(signature)
        file.flush()
        words, code = _verified(program, Path(file.name), payload)
    keywords = [word[0] for word in words if word]
    valid = [word for word in words if word[:1] == ["VALIDSIG"]]
    is_sound = keywords.count("NEWSIG") == keywords.count("GOODSIG") == len(valid) == 1
    if code or not is_sound or _UNSOUND & set(keywords):
        return None
    return f"openpgp:{valid[0][-1]}"


def _verified(program: str, signature: Path, payload: bytes) -> tuple[list[list[str]], int]:
    """Return the words of each of gpg's status lines, and its exit code. It asks no server for a key."""
    command = [program, "--batch", "--no-auto-key-retrieve", "--status-fd=1", "--verify", str(signature), "-"]
    require_time()
    try:
        with counted_child():
            done = subprocess.run(command, input=payload, capture_output=True, env=clean_environment())
    except OSError as error:
        raise CannotTell(
            f"can't run {program} to verify signatures: {error.strerror}", hint="Install GnuPG."
        ) from error
    # At no other line break: a user's name may hold those that Unicode has besides.
    lines = done.stdout.decode(errors="replace").split("\n")
    words = [line.removeprefix(_PREFIX).split() for line in lines if line.startswith(_PREFIX)]
    return words, done.returncode


def _is_own(program: str, fingerprint: str) -> bool:
    """Whether the keyring trusts a key ultimately."""
    command = [program, "--batch", "--with-colons", "--list-keys", fingerprint]
    done = subprocess.run(command, capture_output=True, env=clean_environment())
    fields = (line.split(":") for line in done.stdout.decode(errors="replace").split("\n"))
    return any(field[0] == "pub" and field[8:9] == ["u"] for field in fields)


def _verdict(status: dict[str, list[str]], words: list[list[str]], code: int, at: int) -> SignatureVerdict:
    if "NO_PUBKEY" in status:
        key = status["NO_PUBKEY"][0]
        return SignatureVerdict(
            Judgement.UNKNOWN, why=f"gpg does not have the key {key}: import it, and {_TRUST_IT}"
        )
    if sum(word[:1] == ["VALIDSIG"] for word in words) != 1 or "BADSIG" in status:
        return SignatureVerdict(Judgement.BROKEN, why="its signature is not one over this tag")
    signer = f"openpgp:{status['VALIDSIG'][-1]}"
    if "REVKEYSIG" in status or "EXPSIG" in status or "TRUST_NEVER" in status:
        return SignatureVerdict(
            Judgement.NOT_ALLOWED, why=f"by {signer}, which was revoked, or is not trusted"
        )
    if "EXPKEYSIG" in status:
        expired = int((status.get("KEYEXPIRED") or ["0"])[0])
        if at >= expired:
            return SignatureVerdict(
                Judgement.NOT_ALLOWED, why=f"by {signer}, which had expired when the event landed"
            )
    elif code != 0 or "GOODSIG" not in status:
        return SignatureVerdict(Judgement.BROKEN, why="gpg does not take its signature for good")
    if not _TRUSTED & status.keys():
        return SignatureVerdict(Judgement.UNKNOWN, why=f"gpg does not trust {signer}: {_TRUST_IT}")
    return SignatureVerdict(Judgement.GOOD, signer)
