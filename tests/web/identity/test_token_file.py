"""The file of tokens: hashes alone, for its owner, whole or not at all; what `rollbook token` says of it."""

from __future__ import annotations

import json
import stat
from typing import TYPE_CHECKING, Any

import pytest

from building.world import rollbook
from rollbook.errors import AlreadySo, BadCall, CannotTell, NotFound
from rollbook.web.identity import token_text
from rollbook.web.identity.token_file import TokenFile, read_tokens, revoke_token
from rollbook.web.identity.token_making import make_token
from rollbook.web.identity.token_text import new_token

if TYPE_CHECKING:
    from pathlib import Path

JANE = "jane@example.com"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "tokens.json"


def test_only_the_hash_of_a_token_is_kept_and_only_its_owner_reads_it(path: Path) -> None:
    made, kept = make_token(path, JANE, scopes="read,propose", models=["risk/*"], note="a laptop")
    assert read_tokens(path) == {made.id: kept}
    assert made.text.split("_")[2] not in path.read_text()
    assert kept.sha256 == made.digest
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_token_counts_until_it_is_revoked_also_where_the_file_is_read_already(path: Path) -> None:
    made, _ = make_token(path, JANE)
    file = TokenFile(path)
    assert _state(file, made) == "active"
    revoke_token(path, made.id)
    assert _state(file, made) == "revoked"
    with pytest.raises(AlreadySo):
        revoke_token(path, made.id)
    with pytest.raises(NotFound):
        revoke_token(path, "nobody")


def test_a_token_counts_until_it_expires(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made, kept = make_token(path, JANE, expires="12h")
    assert _state(TokenFile(path), made) == "active"
    monkeypatch.setattr("rollbook.web.identity.token_file.time_now", lambda: kept.expires)
    assert _state(TokenFile(path), made) == "expired"


def test_a_token_that_is_not_known_costs_the_same_comparison(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_token(path, JANE)
    compared: list[bytes] = []
    monkeypatch.setattr(token_text.hmac, "compare_digest", lambda one, _: compared.append(one) or False)
    assert TokenFile(path).known(new_token()) is None
    assert len(compared) == 1


@pytest.mark.parametrize(
    "harm",
    [
        lambda path: path.write_text("{"),
        lambda path: path.write_text('{"rollbook_tokens": 2, "tokens": []}'),
        lambda path: path.write_text("[" * 100_000),
        lambda path: path.chmod(0o666),
        lambda path: path.write_text(path.read_text().replace('"scopes"', '"scope"')),
        lambda path: path.write_text(path.read_text().replace('"read"', '"everything"')),
        lambda path: path.write_text(path.read_text().replace('"expires": "2', '"expires": "x')),
        lambda path: path.write_text(path.read_text().replace('"subject"', '"limit": 1, "subject"')),
    ],
)
def test_a_file_that_cant_be_trusted_lets_nobody_in(path: Path, harm: Any) -> None:
    made, _ = make_token(path, JANE)
    file = TokenFile(path)
    assert file.known(made)
    harm(path)
    with pytest.raises(CannotTell):
        file.known(made)


def test_a_file_that_is_gone_lets_nobody_in(path: Path) -> None:
    made, _ = make_token(path, JANE)
    file = TokenFile(path)
    path.unlink()
    assert file.known(made) is None


@pytest.mark.parametrize(
    "asked",
    [
        {"subject": "jane"},
        {"subject": "Jane <jane@example.com>"},
        {"subject": "jane@example.com\n"},
        {"scopes": "read,everything"},
        {"scopes": ""},
        {"models": ["risk/**"]},
        {"expires": "soon"},
        {"expires": "2020-01-01"},
    ],
)
def test_what_makes_no_sense_makes_no_token(path: Path, asked: dict[str, Any]) -> None:
    with pytest.raises(BadCall):
        make_token(path, **{"subject": JANE, **asked})
    assert not path.exists()


def test_the_command_prints_a_token_once_and_lists_and_revokes_it_by_its_id(tmp_path: Path) -> None:
    given = ("--tokens", "tokens.json")
    made = rollbook(tmp_path, "token", "create", "--for", JANE, "--scope", "propose,read", *given)
    text = made.out.strip()
    token_id = text.split("_")[1]
    assert (made.code, text in made.err) == (0, False)
    (listed,) = json.loads(rollbook(tmp_path, "token", "list", "--json", *given).out)
    assert (listed["id"], listed["for"], listed["scopes"]) == (token_id, JANE, ["read", "propose"])
    assert "sha256" not in listed
    assert rollbook(tmp_path, "token", "revoke", text, *given).out.strip() == token_id
    assert "revoked" in rollbook(tmp_path, "token", "list", *given).out
    assert rollbook(tmp_path, "token", "revoke", "nobody", *given).code == 1


def _state(file: TokenFile, made: token_text.TokenText) -> str:
    kept = file.known(made)
    assert kept is not None
    return kept.state
