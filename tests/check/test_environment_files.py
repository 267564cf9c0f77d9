"""Environments of conda and pixi: what is pinned, and which Python it is."""

from __future__ import annotations

import pytest

from rollbook.check.environment_files import environment_lines, kind_of_file, python_of
from rollbook.check.gates.required_fields import unpinned
from rollbook.errors import InvalidFile

SHA256 = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
EXPORTED = """\
name: credit
channels: [conda-forge]
dependencies:
  - python=3.12.4=h194c7f8_0_cpython
  - conda-forge::numpy=2.1.3
  - pip=24.0=pyhd8ed1ab_0
  - pip:
      - scikit-learn==1.7.2
      - torch @ https://example.com/torch.whl#sha256=%s
prefix: /opt/conda/envs/credit
"""
LOCK = f"""\
version: 1
metadata:
  content_hash: {{linux-64: {SHA256}}}
  channels: [{{url: conda-forge, used_env_vars: []}}]
package:
- name: python
  version: 3.12.4
  manager: conda
  platform: linux-64
  dependencies: {{bzip2: '>=1.0.8,<2.0a0'}}
  url: https://conda.anaconda.org/conda-forge/linux-64/python-3.12.4-h194c7f8_0_cpython.conda
  hash: {{md5: d73490214f536cccb5819e9873048c92, sha256: {SHA256}}}
- name: click
  version: '8.10'
  manager: pip
  platform: linux-64
  dependencies: {{}}
  url: https://files.pythonhosted.org/packages/click.whl
  hash: {{sha256: {SHA256}}}
"""
PIXI = f"""\
version: 6
environments:
  default:
    channels: [{{url: 'https://conda.anaconda.org/conda-forge/'}}]
    packages:
      linux-64: [{{conda: 'https://conda.anaconda.org/conda-forge/linux-64/python-3.12.4-h1_0_cpython.conda'}}]
packages:
- conda: https://conda.anaconda.org/conda-forge/linux-64/python-3.12.4-h1_0_cpython.conda
  sha256: {SHA256}
- pypi: https://files.pythonhosted.org/packages/click.whl
  name: click
  version: 8.1.7
  sha256: {SHA256}
"""


def _conda(*dependencies: str) -> str:
    return "dependencies:\n" + "".join(f"- {one}\n" for one in dependencies)


@pytest.mark.parametrize(
    ("name", "text"),
    [("environment.yml", EXPORTED % SHA256), ("conda-lock.yml", LOCK), ("pixi.lock", PIXI)],
)
def test_what_a_tool_exports_is_pinned_and_names_its_python(name: str, text: str) -> None:
    assert kind_of_file(text.encode()) == name
    assert unpinned(None, {name: text}) == ""
    assert python_of(name, text) == "3.12.4"


@pytest.mark.parametrize(
    "dependency",
    [
        "numpy=1.2.3", "numpy=1.2.3=py312h1_0", "numpy==1.2", "numpy == 1.2", "numpy 1.2",
        "numpy 1.2 py312h1_0",
        "conda-forge::numpy=1.2.3", "tzdata=2024a=h0c530f3_0", "openssl=1!3.3.1", "pip: [numpy==1.2]",
    ],
)  # fmt: skip
def test_one_version_is_pinned(dependency: str) -> None:
    assert unpinned(None, {"environment.yml": _conda(dependency)}) == ""


@pytest.mark.parametrize(
    ("dependency", "why"),
    [
        ("numpy", "has no version"),
        ("numpy>=1.2.3", "not pinned"),
        ("numpy=1.2.*", "not pinned"),
        ("'*'", "not written as NAME=VERSION"),
        ("numpy=1.26", "takes any 1.26.*"),
        ("numpy=1.2.3|1.2.4", "not pinned"),
        ("numpy=1.2.3,<2", "not pinned"),
        ("numpy~=1.2.3", "not pinned"),
        ("numpy!=1.2.3", "not pinned"),
        ("numpy=1.2.3=*", "not pinned"),
        ("numpy[version='>=1.2']", "not pinned"),
        ("https://example.com/numpy.conda", "not pinned"),
        ("numpy=1.2.", "not pinned"),
        ("pip: [numpy>=1.2]", "not pinned with =="),
        ("pip: [-r requirements.txt]", "brings in"),
        ("pip: [1.5]", "no requirement"),
        ("pip: numpy==1.2", "no dependency"),
        ("apt: [numpy==1.2]", "no dependency"),
        ("1.5", "no dependency"),
    ],
)
def test_what_is_not_one_version_is_not_pinned_and_says_why(dependency: str, why: str) -> None:
    said = unpinned(None, {"environment.yml": _conda("python=3.12.4", dependency)})
    assert "in environment.yml" in said
    assert why in said


def test_a_lock_without_a_hash_pins_nothing() -> None:
    for name, text in (("conda-lock.yml", LOCK), ("pixi.lock", PIXI)):
        assert "locked by no hash" in unpinned(
            None, {name: text.replace(SHA256, "x").replace("d73490214f536cccb5819e9873048c92", "")}
        )


def test_every_file_that_stands_there_has_to_be_pinned() -> None:
    files = {"requirements.txt": "numpy==1.2\n", "environment.yml": _conda("numpy>=1")}
    assert "environment.yml" in unpinned(None, files)
    assert unpinned({"numpy": "1.2"}, {}) == ""
    assert "no dependencies" in unpinned(None, {})


@pytest.mark.parametrize(
    "text", ["a: [", "- list\n", "dependencies: {}\n", "x\n", "dependencies: &a [*a]\n", "\x00"]
)
def test_a_file_that_can_not_be_read_pins_nothing(text: str) -> None:
    said = unpinned({"numpy": "1.2"}, {"environment.yml": text})
    assert "environment.yml can't be read" in said


def test_an_environment_without_a_package_is_none() -> None:
    assert "names no package" in unpinned(None, {"environment.yml": "dependencies: []\n"})


@pytest.mark.parametrize(
    ("dependency", "python"),
    [
        ("python=3.11", "3.11"), ("python==3.11.9", "3.11.9"), ("Python 3.11.9", "3.11.9"),
        ("python>=3.11", ""),
        ("python", ""), ("python-dateutil=2.9.0", ""), ("pip: [python==3.11.9]", ""),
    ],
)  # fmt: skip
def test_python_is_what_the_environment_says_and_never_a_guess(dependency: str, python: str) -> None:
    assert python_of("environment.yml", _conda(dependency)) == python


def test_two_pythons_are_none() -> None:
    assert python_of("environment.yml", _conda("python=3.11.9", "python=3.12.4")) == ""


def test_another_yaml_file_is_no_environment() -> None:
    assert kind_of_file(b"services: {web: {}}\n") == ""
    with pytest.raises(InvalidFile):
        kind_of_file(b"a: [")
    with pytest.raises(InvalidFile):
        [*environment_lines("environment.yml", "services: {}\n")]


def test_a_very_long_specification_is_read_once() -> None:
    for end in ("*", "=", " x y", "["):
        assert "environment.yml" in unpinned(
            None, {"environment.yml": _conda("'numpy=" + "1." * 100_000 + end + "'")}
        )
