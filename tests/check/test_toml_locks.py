"""Locks in TOML: which file it is, what is pinned, and which Python it asks for."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rollbook.check.environment_files import environment_lines, python_of
from rollbook.check.gates.required_fields import unpinned
from rollbook.check.toml_locks import kind_of_lock
from rollbook.errors import InvalidFile

# `uv.lock` and `pylock.toml` are as uv 0.13 wrote them.
LOCKS = {path.name: path.read_text() for path in (Path(__file__).parent / "locks").iterdir()}
COMMIT = "1f7a7a472abf3dd9643fd615f6da379c4acb3e3a"
DIGEST = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"


def of_uv(source: str, rest: str = "") -> str:
    package = f'[[package]]\nname = "a"\nversion = "1.0"\nsource = {source}\n{rest}'
    return f'version = 1\nrequires-python = ">=3.11"\n{package}'


def of_poetry(source: str, rest: str = "") -> str:
    return f'[[package]]\nname = "a"\nversion = "1.0"\n{rest}\n{source}\n[metadata]\nlock-version = "2.1"\n'


def of_python(rest: str) -> str:
    return f'lock-version = "1.0"\ncreated-by = "pip"\n[[packages]]\nname = "a"\n{rest}\n'


@pytest.mark.parametrize("name", ["uv.lock", "poetry.lock", "pylock.toml"])
def test_what_a_tool_locks_is_known_by_its_content_pinned_and_names_its_python(name: str) -> None:
    assert kind_of_lock(LOCKS[name].encode()) == name
    assert unpinned(None, {name: LOCKS[name]}) == ""
    assert python_of(name, LOCKS[name]) == "3.11"
    lines = {line.name: line.version for line in environment_lines(name, LOCKS[name])}
    assert lines == {"idna": "3.10", "six": "1.17.0"}


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("uv.lock", of_uv(f'{{ git = "https://example.com/a?branch=main#{COMMIT}" }}')),
        (
            "uv.lock",
            of_uv('{ url = "https://example.com/a.whl" }', f'wheels = [{{ hash = "sha256:{DIGEST}" }}]'),
        ),
        ("poetry.lock", of_poetry(f'[package.source]\ntype = "git"\nresolved_reference = "{COMMIT}"')),
        ("pylock.toml", of_python(f'vcs = {{ type = "git", commit-id = "{COMMIT}" }}')),
        ("pylock.toml", of_python(f'archive = {{ hashes = {{ sha256 = "{DIGEST}" }} }}')),
    ],
)
def test_a_commit_or_a_hash_pins_an_address(name: str, text: str) -> None:
    assert unpinned(None, {name: text}) == ""


@pytest.mark.parametrize(
    ("name", "text", "why"),
    [
        ("uv.lock", of_uv('{ registry = "https://pypi.org/simple" }'), "is locked by no hash"),
        ("uv.lock", of_uv('{ git = "https://example.com/a?branch=main" }'), "names no commit"),
        ("uv.lock", of_uv('{ editable = "../a" }'), "stands in a folder"),
        ("uv.lock", of_uv('{ directory = "a" }'), "stands in a folder"),
        ("uv.lock", of_uv('"x"'), "has no source"),
        ("poetry.lock", of_poetry('[package.source]\ntype = "directory"\nurl = "."'), "stands in a folder"),
        ("poetry.lock", of_poetry('[package.source]\ntype = "git"\nreference = "main"'), "names no commit"),
        ("poetry.lock", of_poetry("", 'files = [{ file = "a.whl" }]'), "is locked by no hash"),
        ("poetry.lock", of_poetry("", "files = 3"), "is locked by no hash"),
        ("pylock.toml", of_python('directory = { path = "a" }'), "stands in a folder"),
        ("pylock.toml", of_python(f'wheels = [{{ hashes = {{ sha256 = "{DIGEST}" }} }}]'), "has no version"),
        ("pylock.toml", of_python('version = "1.0"\nwheels = [1]'), "is locked by no hash"),
        ("pylock.toml", 'lock-version = "1.0"\npackages = ["a"]', "is no locked package"),
    ],
)
def test_what_may_be_something_else_tomorrow_is_not_pinned_and_says_why(
    name: str, text: str, why: str
) -> None:
    assert why in unpinned(None, {name: text})


@pytest.mark.parametrize("text", ["[project]\nname = 'a'\n", "a = 1\n", "metadata = 3\n", ""])
def test_toml_of_another_kind_is_no_lock(text: str) -> None:
    assert kind_of_lock(text.encode()) == ""


@pytest.mark.parametrize(
    "text",
    [
        "[[",
        "a" + ".a" * 501 + " = 1",
        "a = " + "[" * 9_000,
        "\xff",
        "a = '''x'''\n" + "a" + ".a" * 501 + " = 1",
        "# '\n" + "a" + ".a" * 501 + " = 1 # '",
        "".join(f"[{'.'.join('a' * 20)}{number}]\n" for number in range(5000)),
    ],
)
def test_what_can_not_be_read_within_bounds_pins_nothing(text: str) -> None:
    assert "can't be read" in unpinned(None, {"uv.lock": text})


def test_a_lock_that_locks_nothing_is_no_environment() -> None:
    assert "names no package" in unpinned(None, {"uv.lock": 'version = 1\nrequires-python = ">=3"\n'})


def test_dots_in_texts_do_not_count() -> None:
    extras = ", ".join(f'"a{number} (>=1.2.3)"' for number in range(400))
    assert unpinned(None, {"poetry.lock": LOCKS["poetry.lock"] + f"\n[extras]\nall = [{extras}]\n"}) == ""


@pytest.mark.parametrize(
    ("told", "python"),
    [
        ("==3.12.4", "3.12.4"), ("== 3.12.4", "3.12.4"), ("===3.12.4", "3.12.4"), ("==3.12.*", "3.12"),
        ("~=3.12.1", "3.12"), (">=3.12,<3.13", "3.12"), (">=3.12", ""), (">=3.11,<3.13", ""), ("<4", ""),
        ("^3.12", ""), ("", ""),
    ],
)  # fmt: skip
def test_the_python_is_named_where_only_one_will_do(told: str, python: str) -> None:
    assert python_of("uv.lock", f'version = 1\nrequires-python = "{told}"\n') == python


def test_the_project_and_the_members_of_its_workspace_are_no_dependencies() -> None:
    locked = f'source = {{ registry = "x" }}\nwheels = [{{ hash = "{DIGEST}" }}]\n'
    member = of_uv('{ editable = "packages/a" }') + f'\n[[package]]\nname = "b"\nversion = "2"\n{locked}'
    assert "stands in a folder" in unpinned(None, {"uv.lock": member})
    assert unpinned(None, {"uv.lock": f'{member}[manifest]\nmembers = ["a"]\n'}) == ""
    whole = (
        of_python('directory = { path = "." }')
        + f'[[packages]]\nname = "b"\narchive = {{ hashes = {{ sha256 = "{DIGEST}" }} }}\n'
    )
    assert unpinned(None, {"pylock.toml": whole}) == ""


def test_the_hashes_of_poetrys_older_locks_stand_together() -> None:
    text = '[[package]]\nname = "a"\nversion = "1"\n[metadata]\nlock-version = "1.1"\n[metadata.files]\n'
    assert unpinned(None, {"poetry.lock": f'{text}a = [{{ hash = "sha256:{DIGEST}" }}]\n'}) == ""
    assert "is locked by no hash" in unpinned(None, {"poetry.lock": f"{text}a = []\n"})


@given(st.sampled_from(sorted(LOCKS)), st.text(max_size=300), st.integers(0, 400))
def test_whatever_it_holds_a_lock_is_read_or_refused(name: str, text: str, place: int) -> None:
    changed = LOCKS[name][:place] + text + LOCKS[name][place:]
    try:
        list(environment_lines(name, changed))
        python_of(name, changed)
        kind_of_lock(changed.encode(errors="surrogatepass"))
    except InvalidFile:
        return
