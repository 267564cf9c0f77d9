"""What a model can't do while it is run, whatever it tries."""

from __future__ import annotations

import contextlib
import os
import socket
import tempfile
from pathlib import Path

import pytest

from building.models import ROWS, running, trained, unscanned, written
from rollbook.artifact.running import sandbox
from rollbook.artifact.running.bounded_process import Limits
from rollbook.artifact.running.model_run import ModelRun, Rows, run_model
from rollbook.errors import ModelFailed

SHORT = Limits(seconds=3, memory=1 << 30)
SHUT_IN = pytest.mark.skipif(sandbox.isolation() != "bubblewrap", reason="bubblewrap does not work here")
APART = pytest.mark.skipif(sandbox.isolation() == "none", reason="this system lets nothing be shut in")


def unpickled(folder: Path, code: str, limits: Limits = SHORT) -> ModelRun:
    """Run a pickle that runs a program."""
    return run_model(
        written(folder, "m.pkl", running(code)), "pickle", Rows(None, ROWS), trust=True, limits=limits
    )


def failure(folder: Path, code: str, limits: Limits = SHORT) -> str:
    """What is said of a pickle that runs a program."""
    with pytest.raises(ModelFailed) as failed:
        unpickled(folder, code, limits)
    return str(failed.value)


@pytest.fixture(autouse=True)
def _unscanned(monkeypatch: pytest.MonkeyPatch) -> None:
    unscanned(monkeypatch)


@pytest.fixture
def namespaces(monkeypatch: pytest.MonkeyPatch) -> None:
    """A system that has namespaces and no bubblewrap."""
    _require_means("namespaces")
    monkeypatch.setattr(sandbox, "_isolation", lambda _: "namespaces")


def _require_means(means: str) -> None:
    """Skip the test where the system has no such means."""
    if means == "namespaces" and not sandbox._works([*sandbox._NAMESPACES, "--"]):
        pytest.skip("namespaces don't work here")
    if means == "bubblewrap" and sandbox.isolation() != "bubblewrap":
        pytest.skip("bubblewrap does not work here")


@pytest.fixture(params=["as here", "bare"])
def anywhere(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """This system, and one that lets nothing be shut in: what bounds a run holds in both."""
    if request.param == "bare":
        monkeypatch.setattr(sandbox, "_isolation", lambda _: "none")


@pytest.mark.usefixtures("anywhere")
def test_memory_is_bounded(tmp_path: Path):
    assert "more memory than 1,024 MiB" in failure(tmp_path, "bytearray(100 << 30)")


def test_memory_is_bounded_over_all_processes(tmp_path: Path):
    code = (
        "import os, time\nfor _ in range(8):\n  if os.fork() == 0:\n"
        "    x = b'1' * (60 << 20)\n    time.sleep(60)\ntime.sleep(60)"
    )
    said = failure(tmp_path, code, Limits(seconds=20, memory=256 << 20))
    assert said == "the model was ended: it took more than 256 MiB of memory"


@pytest.mark.usefixtures("anywhere")
def test_time_is_bounded(tmp_path: Path):
    assert failure(tmp_path, "while True: pass", Limits(seconds=1)) == (
        "the model was ended: it was not done after 1 s"
    )


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder that the processes of this test's runs have in their environment."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


def left(own: Path) -> list[str]:
    """The processes of this test's runs that have not ended."""
    found = []
    for place in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if f"ROLLBOOK_RUN={own}/".encode() in (place / "environ").read_bytes():
                found.append(place.name)
    return found


@pytest.mark.usefixtures("anywhere")
def test_processes_are_bounded_and_none_is_left(own: Path):
    code = "import os, time\nwhile True:\n  if os.fork() == 0:\n    os.setsid()\n    time.sleep(120)"
    assert "more than 64 processes" in failure(own, code)
    assert left(own) == []


@pytest.mark.usefixtures("anywhere")
def test_what_was_started_in_a_session_of_its_own_ends_too(own: Path):
    code = (
        "import os, time\nif os.fork() == 0:\n  os.setsid()\n  time.sleep(120)\nraise ValueError('started')"
    )
    assert "started" in failure(own, code)
    assert left(own) == []


@pytest.mark.usefixtures("anywhere")
def test_what_it_prints_without_end_is_dropped(tmp_path: Path):
    code = "import sys\nwhile True: sys.stdout.write('\\x1b[31m' * 1000)"
    assert failure(tmp_path, code, Limits(seconds=1)) == "the model was ended: it was not done after 1 s"


def test_what_it_prints_does_not_disturb_the_answer(tmp_path: Path):
    code = (
        "import os, sys; print('{}' * 100); os.write(1, b'\\x00\\xff{'); os.write(2, b'no'); sys.stdin = None"
    )
    with pytest.raises(ModelFailed, match="what it holds can't predict: NoneType"):
        unpickled(tmp_path, code)


@pytest.mark.usefixtures("anywhere")
def test_an_answer_without_end_is_not_read(tmp_path: Path):
    code = (
        "import os\nfor number in range(3, 4000):\n  try:\n    while True: os.write(number, b'x' * 65536)\n"
        "  except OSError: pass"
    )
    assert "answered with more than" in failure(tmp_path, code, Limits(answer=1 << 20))


@pytest.mark.parametrize(
    "forged",
    [
        "{}", "[]", "1", '{"failed": 1}', '{"outputs": [], "load_seconds": -1}', "\\xff", "[" * 100_000,
        '{"outputs": [{"name": "y", "dtype": "float32", "shape": [2], "values": [1]}], "load_seconds": 1, '
        '"latencies": [], "peak_memory": 1, "versions": {}}',
    ],
)  # fmt: skip
def test_an_answer_that_it_forges_has_to_have_the_form_of_one(tmp_path: Path, forged: str):
    code = (
        f"import os\nfor number in range(3, 4000):\n  try: os.write(number, {forged.encode()!r})\n"
        "  except OSError: pass\nos._exit(0)"
    )
    assert failure(tmp_path, code) == "the model's process did not answer as it must"


@pytest.mark.usefixtures("anywhere")
def test_what_it_says_reaches_the_terminal_as_plain_text_of_one_line(tmp_path: Path):
    said = failure(tmp_path, "raise ValueError('\\x1b[2J\\n::error::x\\u202e' + 'y' * 100_000)")
    assert said.isprintable()
    assert len(said) < 1000


def test_a_process_that_ends_without_an_answer_is_told_by_how_it_ended(tmp_path: Path):
    code = "import os; os.write(1, b'first\\nlast \\x1b[2J words\\n'); os._exit(3)"
    assert failure(tmp_path, code) == (
        "the model gave no answer: its process ended with exit code 3: last \\x1b[2J words"
    )
    assert "it crashed" in failure(tmp_path, "import ctypes; ctypes.string_at(0)")


def test_an_onnx_model_of_values_without_bound_is_ended(tmp_path: Path):
    from onnx import TensorProto, helper

    shape = helper.make_tensor("shape", TensorProto.INT64, [2], [1 << 20, 1 << 20])
    nodes = [
        helper.make_node("ConstantOfShape", ["shape"], ["large"]),
        helper.make_node("ReduceSum", ["large"], ["y"]),
    ]
    ends = [helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in "xy"]
    whole = helper.make_graph(nodes, "g", ends[:1], ends[1:], [shape])
    model = helper.make_model(whole, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    artifact = written(tmp_path, "m.onnx", model.SerializeToString())
    with pytest.raises(ModelFailed, match="asked for more memory than 1,024 MiB"):
        run_model(artifact, "onnx", Rows(None, [[1.0, 2.0, 3.0]]), limits=SHORT)


@pytest.mark.usefixtures("anywhere")
def test_the_environment_of_the_caller_is_not_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("API_TOKEN", "hunter2")
    said = failure(tmp_path, "import os; raise ValueError(sorted(os.environ))")
    assert "API_TOKEN" not in said
    assert "HOME" in said


@SHUT_IN
def test_no_file_of_the_user_is_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    secret = written(tmp_path, "secret.txt", b"hunter2")
    assert "FileNotFoundError" in failure(tmp_path, f"open({str(secret)!r})")
    home = str(Path.home())
    code = f"import os; raise ValueError(os.path.isdir({home!r}) and os.listdir({home!r}))"
    assert ".gitconfig" not in failure(tmp_path, code)
    assert "shadow" not in failure(tmp_path, "import os; raise ValueError(os.listdir('/etc'))")


@SHUT_IN
@pytest.mark.parametrize("place", ["/usr/x", "/x", "/etc/x", "/dev/x", "/run/rollbook/model/x", "~/../x"])
def test_nothing_can_be_written_but_its_own_temporary_files(tmp_path: Path, place: str):
    said = failure(tmp_path, f"import os; open(os.path.expanduser({place!r}), 'w')")
    assert "Read-only file system" in said


@SHUT_IN
def test_its_artifact_can_not_be_changed(tmp_path: Path):
    artifact = written(tmp_path, "m.pkl", running("open('/run/rollbook/model/m.pkl', 'ab').write(b'x')"))
    before = artifact.read_bytes()
    with pytest.raises(ModelFailed, match="Read-only"):
        run_model(artifact, "pickle", Rows(None, ROWS), trust=True)
    assert artifact.read_bytes() == before


@SHUT_IN
def test_no_other_process_is_seen_or_reached(tmp_path: Path):
    code = (
        "import os, signal\nothers = [n for n in os.listdir('/proc') if n.isdigit() and int(n) > 2]\n"
        "os.kill(os.getppid(), signal.SIGKILL)\ntry: os.kill(-1, signal.SIGKILL)\n"
        "except ProcessLookupError: pass\n"
        f"try: os.kill({os.getpid()}, 0); others.append('caller')\nexcept ProcessLookupError: pass\n"
        "raise ValueError('%d others' % len([n for n in others if n != str(os.getpid())]))"
    )
    assert "0 others" in failure(tmp_path, code)


@APART
def test_the_network_is_not_there(tmp_path: Path):
    _require_no_connection(tmp_path)


@pytest.mark.usefixtures("namespaces")
def test_the_network_is_not_there_without_bubblewrap_either(tmp_path: Path):
    _require_no_connection(tmp_path)


def _require_no_connection(folder: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(0.3)
        port = listener.getsockname()[1]
        said = failure(folder, f"import socket; socket.create_connection(('127.0.0.1', {port}), 2)")
        assert "Error" in said
        with pytest.raises(TimeoutError):
            listener.accept()


@pytest.mark.usefixtures("namespaces")
def test_namespaces_keep_a_model_from_its_parents(tmp_path: Path):
    code = "import os, signal\ntry: os.kill(-1, signal.SIGKILL)\nexcept ProcessLookupError: pass\n"
    assert "still here" in failure(tmp_path, f"{code}raise ValueError('still here')")


@pytest.mark.parametrize("means", ["bubblewrap", "namespaces", "none"])
def test_a_run_says_what_the_model_was_shut_in_by(
    tmp_path: Path, means: str, monkeypatch: pytest.MonkeyPatch
):
    _require_means(means)
    monkeypatch.setattr(sandbox, "_isolation", lambda _: means)
    run = run_model(written(tmp_path, "m.onnx", trained().onnx), "onnx", Rows(None, ROWS))
    assert run.isolation == means
    assert run.outputs[0].values == trained().labels


def test_means_that_a_system_forbids_are_not_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    for name in ("bwrap", "unshare"):
        program = written(tmp_path, name, b"#!/bin/sh\nexit 1\n")
        program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert sandbox.isolation() == "none"


def test_only_the_folders_of_the_interpreter_are_shown():
    import sys

    shown = sandbox._interpreter(Path(sys.executable))
    assert Path.home() not in shown
    assert Path("/") not in shown
    assert any(Path(os.path.realpath(sys.executable)).is_relative_to(path) for path in shown)


def test_a_link_to_an_interpreter_shows_not_the_folder_that_it_stands_in(tmp_path: Path):
    import sys

    (tmp_path / "home" / "bin").mkdir(parents=True)
    link = tmp_path / "home" / "bin" / "python"
    link.symlink_to(os.path.realpath(sys.executable))
    assert tmp_path / "home" not in sandbox._interpreter(link)
    assert link in sandbox._interpreter(link)


@pytest.mark.usefixtures("namespaces")
def test_what_a_killed_command_leaves_running_ends_by_itself(own: Path, monkeypatch: pytest.MonkeyPatch):
    """Bubblewrap ends with its parent; without it the process has an alarm of its own."""
    monkeypatch.setattr("rollbook.artifact.running.model_run._GRACE", -2)
    said = failure(own, "import time; time.sleep(120)", Limits(seconds=3))
    assert said.startswith("the model gave no answer: its process ended")
