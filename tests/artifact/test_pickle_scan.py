"""What would run code when it is unpickled is told, whatever it pretends to be; nothing is unpickled here."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import pickle
import random
import zlib
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rollbook.artifact.formats.detection import UNSAFE_FORMATS, detect_format
from rollbook.artifact.pickle_scan import may_run_code

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


class Hostile:
    """Runs a program where it is unpickled."""

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return exec, ("raise SystemExit",)


def hostile(protocol: int) -> bytes:
    return pickle.dumps(Hostile(), protocol)


def scanned(data: bytes) -> bool:
    return may_run_code(io.BytesIO(data), len(data))


WITHOUT_HEADER = hostile(4)[2:]
DISGUISES = {
    "without a header": WITHOUT_HEADER,
    "far behind a text": b"S'" + b"x" * 70_000 + b"'\n0" + hostile(0),
    "far behind bytes": b"B" + (200_000).to_bytes(4, "little") + bytes(200_000) + b"0" + WITHOUT_HEADER,
    "as GGUF": b"GGUF\0\0\0\0\0" + b"0" + WITHOUT_HEADER,
    "as JSON": b"]0" + WITHOUT_HEADER,
    "as bzip2": b"BZh9\0" + bytes(int.from_bytes(b"Zh9\0", "little")) + b"0" + WITHOUT_HEADER,
    "as the second of two": b"I1\n." + WITHOUT_HEADER,
    "with garbage behind it": WITHOUT_HEADER[:-1] + b"\0garbage",
    "by a true that is written 01": b"I01\n0" + WITHOUT_HEADER,
    "by a hexadecimal number": b"I0x10\n0" + WITHOUT_HEADER,
    "as a tar": hostile(0) + bytes(257 - len(hostile(0))) + b"ustar" + bytes(250),
}


@pytest.mark.parametrize("protocol", range(6))
def test_a_pickle_that_calls_what_it_imports_may_run_code(protocol: int) -> None:
    assert scanned(hostile(protocol))


@pytest.mark.parametrize("how", DISGUISES)
def test_a_disguised_pickle_has_no_safe_format(tmp_path: Path, how: str) -> None:
    (tmp_path / "model.bin").write_bytes(DISGUISES[how])
    assert detect_format(tmp_path / "model.bin") in UNSAFE_FORMATS


@pytest.mark.parametrize("pack", [gzip.compress, bz2.compress, lzma.compress, zlib.compress])
@pytest.mark.parametrize("before", [b"", b"S'" + b"x" * 200_000 + b"'\n0"])
def test_a_packed_pickle_has_no_safe_format(
    tmp_path: Path, pack: Callable[[bytes], bytes], before: bytes
) -> None:
    (tmp_path / "model.bin").write_bytes(pack(before + WITHOUT_HEADER))
    assert detect_format(tmp_path / "model.bin") in UNSAFE_FORMATS


@given(st.recursive(st.none() | st.integers() | st.text() | st.binary() | st.floats(), st.lists))
def test_plain_data_runs_no_code(value: object) -> None:
    assert not scanned(pickle.dumps(value, 4))


@given(st.binary(max_size=200), st.integers(0, 5))
def test_what_stands_behind_a_hostile_pickle_changes_nothing(rest: bytes, protocol: int) -> None:
    assert scanned(hostile(protocol) + rest)


@pytest.mark.parametrize(
    "text",
    [
        b"cat\ndog\nbird\n",
        b"classes\ncat\ndog\n",
        b"id,label\n1,cat\n2,dog\n",
        b"In the beginning\n",
        b'{"layers": []}\n',
        b"Some notes about the model\n",
        b"customer,age\nann,41\n",
        b"",
    ],
)
def test_text_is_no_pickle(text: bytes) -> None:
    assert not scanned(text)


def test_weights_are_no_pickle() -> None:
    bytes_of = random.Random(7).randbytes
    assert not any(scanned(bytes_of(10_000)) for _ in range(300))


def test_what_can_not_be_told_within_bounds_may_run_code() -> None:
    assert scanned(b"N0" * (1 << 20))
