from __future__ import annotations

import hashlib
import os
import socket
import subprocess
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rollbook.artifact.artifact_files import list_source, open_source, require_unchanged
from rollbook.artifact.digest import digest_artifact
from rollbook.artifact.stream import CHUNK
from rollbook.errors import BadCall, Refused


def test_a_file_has_the_digests_of_its_bytes(tmp_path: Path) -> None:
    content = os.urandom(2 * CHUNK + 17)
    path = tmp_path / "model.bin"
    path.write_bytes(content)
    digest = digest_artifact(path)
    assert digest.sha256 == hashlib.sha256(content).hexdigest()
    assert digest.md5 == hashlib.md5(content).hexdigest()
    assert (digest.size, digest.is_directory) == (len(content), False)
    assert [file.path for file in digest.files] == ["model.bin"]


def test_a_folders_sha256_is_what_the_documented_shell_command_prints(folder: Path) -> None:
    command = "find . -type f -printf '%P\\0' | LC_ALL=C sort -z | xargs -0 sha256sum -- | sha256sum"
    printed = subprocess.run(["bash", "-c", command], cwd=folder, capture_output=True, text=True, check=True)
    assert digest_artifact(folder).sha256 == printed.stdout.split()[0]


_NAMES = st.text("abcXYZ0é-_ ", min_size=1, max_size=6).filter(lambda name: not name.endswith(" "))


@settings(max_examples=30, deadline=None)
@given(
    st.dictionaries(
        st.tuples(_NAMES, _NAMES).map(lambda two: f"d{two[0]}/f{two[1]}"), st.binary(max_size=20)
    ),
    st.randoms(),
)
def test_a_folders_digest_does_not_depend_on_the_order_of_creation(
    files: dict[str, bytes], random: object
) -> None:
    files = {path.lower(): content for path, content in files.items()} | {"last": b"content"}
    shuffled = list(files)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    digests = []
    for order in (list(files), shuffled):
        with TemporaryDirectory() as place:
            for path in order:
                target = Path(place, path)
                target.parent.mkdir(exist_ok=True)
                target.write_bytes(files[path])
            digests.append(digest_artifact(Path(place)))
    assert digests[0] == digests[1]


def test_progress_adds_up_to_the_size(folder: Path) -> None:
    counts: list[int] = []
    digest = digest_artifact(folder, counts.append)
    assert sum(counts) == digest.size == 10007


def test_a_missing_path_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadCall, match="no such file"):
        digest_artifact(tmp_path / "nothing")


def test_an_empty_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "model.bin").touch()
    with pytest.raises(BadCall, match="the file is empty"):
        digest_artifact(tmp_path / "model.bin")


def test_a_folder_with_only_empty_files_is_refused(tmp_path: Path) -> None:
    (tmp_path / "bundle" / "inner").mkdir(parents=True)
    (tmp_path / "bundle" / "inner" / "empty").touch()
    with pytest.raises(BadCall, match="the folder is empty"):
        digest_artifact(tmp_path / "bundle")


def test_an_empty_folder_inside_does_not_count(folder: Path) -> None:
    before = digest_artifact(folder)
    (folder / "assets").mkdir()
    assert digest_artifact(folder) == before


def _link(path: Path) -> None:
    path.symlink_to("/etc/passwd")


def _folder_link(path: Path) -> None:
    path.symlink_to("/etc")


def _fifo(path: Path) -> None:
    os.mkfifo(path)


def _socket(path: Path) -> None:
    here = Path.cwd()
    os.chdir(path.parent)  # a socket's address is short
    try:
        with socket.socket(socket.AF_UNIX) as one:
            one.bind(path.name)
    finally:
        os.chdir(here)


@pytest.mark.parametrize(
    ("make", "word"),
    [(_link, "symbolic link"), (_folder_link, "symbolic link"), (_fifo, "named pipe"), (_socket, "socket")],
)
def test_anything_but_plain_files_is_refused(folder: Path, make: object, word: str) -> None:
    make(folder / "vocab" / "odd")  # type: ignore[operator]
    with pytest.raises(BadCall, match=word):
        digest_artifact(folder)


def test_a_link_to_a_file_is_refused_as_an_artifact(tmp_path: Path) -> None:
    (tmp_path / "latest.onnx").symlink_to("/etc/passwd")
    with pytest.raises(BadCall, match="symbolic link"):
        digest_artifact(tmp_path / "latest.onnx")


def test_a_device_is_refused() -> None:
    with pytest.raises(BadCall, match="a device"):
        digest_artifact(Path("/dev/null"))


@pytest.mark.parametrize(
    "name",
    [
        "a\nb",
        "a\x1b[31mb",
        "a\\b",
        "con",
        "NUL.txt",
        "Com1 .bin",
        "dot.",
        "space ",
        "\u202egnp",
        ".git",
        ".dvcignore",
    ],
)
def test_a_file_with_an_unsafe_name_is_refused(folder: Path, name: str) -> None:
    (folder / "vocab" / name).write_text("x")
    with pytest.raises(BadCall, match=r"control|backslash|reserved|ends with|means something else") as caught:
        digest_artifact(folder)
    assert str(caught.value).isprintable()


def test_a_name_that_is_not_utf8_is_refused(folder: Path) -> None:
    Path(os.fsdecode(os.fsencode(folder) + b"/\xff")).write_text("x")
    with pytest.raises(BadCall, match="UTF-8"):
        digest_artifact(folder)


@pytest.mark.parametrize("twin", ["Weights.bin", "VOCAB/other.txt", "vocab/e\u0301te\u0301 1.txt"])
def test_names_that_differ_only_by_case_or_composition_are_refused(folder: Path, twin: str) -> None:
    (folder / twin).parent.mkdir(exist_ok=True)
    (folder / twin).write_text("x")
    with pytest.raises(BadCall, match="one name where case does not count"):
        digest_artifact(folder)


def test_a_file_that_grows_while_it_is_read_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "model.bin"
    path.write_bytes(os.urandom(3 * CHUNK))

    def grow(_: int) -> None:
        with path.open("ab") as file:
            file.write(b"more")

    with pytest.raises(Refused, match="changed while it was read"):
        digest_artifact(path, grow)


def test_a_file_that_was_short_only_while_it_was_read_is_refused(tmp_path: Path) -> None:
    large, small = tmp_path / "bundle" / "a", tmp_path / "bundle" / "b"
    large.parent.mkdir()
    content = os.urandom(3 * CHUNK)
    large.write_bytes(content)
    small.write_bytes(b"small")
    before = large.stat()

    def shorten_then_restore(count: int) -> None:
        if count == CHUNK:
            os.truncate(large, CHUNK)
        else:
            large.write_bytes(content)
            os.utime(large, ns=(before.st_atime_ns, before.st_mtime_ns))

    with pytest.raises(Refused, match="'a' changed while it was read"):
        digest_artifact(tmp_path / "bundle", shorten_then_restore)


def test_a_file_that_is_replaced_while_it_is_read_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "model.bin"
    path.write_bytes(b"one")

    def replace(_: int) -> None:
        (tmp_path / "new").write_bytes(b"two")
        (tmp_path / "new").replace(path)

    with pytest.raises(Refused, match="changed while it was read"):
        digest_artifact(path, replace)


def test_a_file_that_appears_in_the_folder_meanwhile_is_refused_by_name(folder: Path) -> None:
    with pytest.raises(Refused, match=r"late\.bin.*changed"):
        digest_artifact(folder, lambda _: (folder / "late.bin").write_text("x") and None)


def test_a_folder_swapped_for_a_link_after_listing_is_not_followed(folder: Path, tmp_path: Path) -> None:
    source = list_source(folder)
    file = next(file for file in source.files if file.path == "vocab/tokens.txt")
    (folder / "vocab").rename(tmp_path / "elsewhere")
    (folder / "vocab").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(Refused, match="changed while it was read"):
        open_source(source, file)
    with pytest.raises(Refused):
        require_unchanged(source)
