"""Ways around scanners that were found in public: none of them is clean here, whatever it is called."""

from __future__ import annotations

import pickle
import pickletools
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from artifact.scan.pickles_by_hand import call, plain, pushed, scanned, text
from rollbook.artifact.scan.verdict import ScanVerdict

if TYPE_CHECKING:
    from pathlib import Path

SYSTEM = call("posix", "system", "true")
BODY = SYSTEM[2:-1]  # without header and end

# Calls that lists of what is forbidden have missed.
CALLS = [
    ("os", "system"),
    ("nt", "system"),
    ("subprocess", "Popen"),
    ("builtins", "eval"),
    ("builtins", "exec"),
    ("builtins", "__import__"),
    ("builtins", "getattr"),
    ("builtins", "eval.__call__"),
    ("builtins", "map"),
    ("__builtin__", "eval"),
    ("pip", "main"),
    ("pip._internal", "main"),
    ("bdb", "Bdb.run"),
    ("bdb", "Bdb"),
    ("asyncio.unix_events", "_UnixSubprocessTransport._start"),
    ("timeit", "timeit"),
    ("cProfile", "runctx"),
    ("cProfile", "run"),
    ("profile", "Profile.runctx"),
    ("trace", "Trace.run"),
    ("numpy.testing._private.utils", "runstring"),
    ("numpy.f2py.crackfortran", "getlincoef"),
    ("numpy.f2py.crackfortran", "param_eval"),
    ("numpy.load", "load"),
    ("numpy", "load"),
    ("numpy", "fromfile"),
    ("numpy.core._internal", "_ufunc_reconstruct"),
    ("numpy.core", "_ufunc_reconstruct"),
    ("torch.utils.bottleneck.__main__", "run_cprofile"),
    ("torch.utils._config_module", "ConfigModule.load_config"),
    ("torch", "load"),
    ("torch.hub", "load"),
    ("torch.storage", "_load_from_bytes"),
    ("torch.jit.unsupported_tensor_ops", "execWrapper"),
    ("torch._dynamo.guards", "GuardBuilder.get"),
    ("torch.fx.graph_module", "reduce_graph_module"),
    ("joblib", "load"),
    ("joblib.numpy_pickle", "load"),
    ("joblib.parallel", "Parallel"),
    ("pandas", "read_pickle"),
    ("pandas", "eval"),
    ("pandas.io.pickle", "read_pickle"),
    ("pandas.core.computation.eval", "eval"),
    ("sklearn.utils._testing", "check_pickle"),
    ("sklearn.datasets._base", "load_files"),
    ("scipy.stats._distn_infrastructure", "rv_frozen"),
    ("code", "InteractiveInterpreter"),
    ("code", "InteractiveInterpreter.runcode"),
    ("pydoc", "pipepager"),
    ("pydoc", "locate"),
    ("operator", "methodcaller"),
    ("operator", "attrgetter"),
    ("operator", "itemgetter"),
    ("functools", "partial"),
    ("functools", "reduce"),
    ("runpy", "run_path"),
    ("pty", "spawn"),
    ("webbrowser", "open"),
    ("ctypes", "CDLL"),
    ("socket", "create_connection"),
    ("pickle", "loads"),
    ("_pickle", "loads"),
    ("dill", "loads"),
    ("cloudpickle.cloudpickle", "_make_function"),
    ("marshal", "loads"),
    ("types", "FunctionType"),
    ("importlib", "import_module"),
    ("imaplib", "IMAP4_stream"),
    ("test.support.script_helper", "assert_python_ok"),
    ("distutils.file_util", "write_file"),
    ("ensurepip._uninstall", "_main"),
    ("lib2to3.pgen2.grammar", "Grammar.loads"),
    ("logging.config", "_install_handlers"),
    ("multiprocessing.util", "spawnv_passfds"),
    ("uuid", "_get_command_stdout"),
    ("_osx_support", "_read_output"),
    ("_aix_support", "_read_cmd_output"),
    ("_pyrepl.pager", "pipe_pager"),
    ("idlelib.pyshell", "ModifiedInterpreter.runcode"),
    ("doctest", "debug_script"),
    ("cgitb", "lookup"),
    ("ssl", "get_server_certificate"),
    ("http.client", "HTTPSConnection"),
    ("shutil", "rmtree"),
    ("pathlib", "Path.write_text"),
    ("collections", "namedtuple"),
    ("enum", "Enum"),
    ("copyreg", "add_extension"),
    ("sklearn.pipeline", "Pipeline.fit"),
    ("sklearn.pipeline", "Pipeline.__init__.__globals__"),
    ("numpy", "ndarray.tofile"),
    ("__main__", "Model"),
    ("", ""),
]

# Never clean either, but what they call can't be told, or is behind an end that readers stop at.
UNNAMED = ("a name that comes from a call", "GLOBAL with an escape", "a second pickle behind padding")
GETATTR = (
    pushed("builtins", "getattr")
    + pushed("sklearn.pipeline", "Pipeline")
    + text("fit")
    + b"\x86R"
    + text("__globals__")
    + b"\x86"
)
DISGUISES = {
    "names from the memo": b"\x80\x04" + text("posix") + b"\x94" + text("system") + b"\x9400h\x00h\x01\x93"
    + plain(("true",)) + b"R.",
    "names duplicated": b"\x80\x04" + text("code") + b"2\x93" + plain(()) + b"R.",
    "names put at distant places": b"\x80\x04" + text("posix") + b"r\xff\xff\x00\x000" + text("system")
    + b"q\x070j\xff\xff\x00\x00h\x07\x93" + plain(("true",)) + b"R.",
    "names between other things": b"\x80\x04" + text("posix") + text("x") + b"0(K\x01K\x021" + text("system")
    + b"\x93" + plain(("true",)) + b"R.",
    "names in long literals": b"\x80\x04\x8d" + (5).to_bytes(8, "little") + b"posixX\x06\x00\x00\x00system"
    + b"\x93" + plain(("true",)) + b"R.",
    "names as old texts": b"U\x05posixU\x06system\x93(S'true'\ntR.",
    "a name that comes from a call": b"\x80\x04" + pushed("builtins", "str") + plain(("posix",)) + b"R"
    + text("system") + b"\x93" + plain(("true",)) + b"R.",
    "INST": b"(S'true'\niposix\nsystem\n.",
    "OBJ": b"(cposix\nsystem\nS'true'\no.",
    "GLOBAL of protocol 0": b"cposix\nsystem\n(S'true'\ntR.",
    "GLOBAL with an escape": b"cpos\\x69x\nsystem\n(S'true'\ntR.",
    "NEWOBJ_EX": b"\x80\x04" + pushed("posix", "system") + b")}\x92.",
    "EXT1": b"\x80\x02\x82\x01)R.",
    "EXT2": b"\x80\x02\x83\x01\x01)R.",
    "EXT4": b"\x80\x02\x84\x01\x01\x01\x01)R.",
    "a chain of getattr": b"\x80\x04" + GETATTR + b"R.",
    "a pickle within": call("pickle", "loads", SYSTEM),
    "a pickle within, after text": call("_pickle", "loads", b"x" * 1000 + SYSTEM),
    "a second pickle": pickle.dumps(1) + SYSTEM,
    "a second pickle behind padding": pickle.dumps(1) + bytes(100) + SYSTEM,
    "a broken opcode behind the call": SYSTEM[:-1] + b"\xff",
    "nothing behind the call": SYSTEM[:-1],
    "a stack that runs out behind the call": SYSTEM[:-1] + b"00000.",
    "a frame longer than the file": b"\x80\x04\x95" + b"\xff" * 7 + b"\x7f" + BODY + b".",
    "a frame of nothing": b"\x80\x04\x95" + bytes(8) + BODY + b".",
    "no header": BODY + b".",
    "a header in the middle": b"N0\x80\x04" + BODY + b".",
    "a number as only C reads it": b"I0x10\n0" + BODY + b".",
    "a long number that is none": b"L0x10L\n0" + BODY + b".",
    "a text as only C reads it": b"S'\\q\\'\n0" + BODY + b".",
    "a text that is not ASCII": b"S'\xe9'\n0" + BODY + b".",
    "behind a text of a megabyte": b"S'" + b"x" * 2_000_000 + b"'\n0" + BODY + b".",
    "a call by BUILD": b"\x80\x04" + pushed("posix", "system") + b"}b.",
    "attributes of a class": b"\x80\x04" + pushed("sklearn.pipeline", "Pipeline") + plain((None, {"fit": 1}))
    + b"b.",
    "items of a class": b"\x80\x04" + pushed("collections", "OrderedDict") + text("a") + b"K\x01s.",
    "a call of what a call returned": b"\x80\x04" + pushed("collections", "OrderedDict") + b")R)R.",
    "a reconstructor of another base": b"\x80\x04" + pushed("copyreg", "_reconstructor")
    + pushed("sklearn.pipeline", "Pipeline") + pushed("collections", "OrderedDict") + b"N\x87R.",
    "a reconstructor handed over": b"\x80\x04" + pushed("torch._tensor", "_rebuild_from_type_v2")
    + b"(" + pushed("copyreg", "_reconstructor") + b"K\x01K\x01K\x01tR.",
    "an encoding that unpacks": call("_codecs", "encode", "abc", "zlib"),
    "a name with a terminal's escape": call("sklearn.\x1b[2J", "x"),
}  # fmt: skip


@pytest.mark.parametrize(("module", "name"), CALLS, ids=[".".join(pair) for pair in CALLS])
def test_what_runs_code_is_on_no_list(tmp_path: Path, module: str, name: str) -> None:
    report = scanned(tmp_path, call(module, name, "true"))
    assert report.verdict in (ScanVerdict.SUSPICIOUS, ScanVerdict.MALICIOUS)
    assert f"{module or ''}.{name}" in report.globals


@pytest.mark.parametrize("how", DISGUISES)
def test_a_disguise_is_never_clean(tmp_path: Path, how: str) -> None:
    assert not scanned(tmp_path, DISGUISES[how]).is_clean


@pytest.mark.parametrize("how", DISGUISES)
def test_nor_is_it_under_a_name_that_promises_no_pickle(tmp_path: Path, how: str) -> None:
    assert not scanned(tmp_path, DISGUISES[how], "weights.bin").is_clean


@pytest.mark.parametrize(
    "how", [name for name, data in DISGUISES.items() if b"system" in data and "within" not in name]
)
def test_a_call_that_is_disguised_is_named(tmp_path: Path, how: str) -> None:
    report = scanned(tmp_path, DISGUISES[how])
    if how not in UNNAMED:
        assert "posix.system" in report.globals
        assert report.verdict is ScanVerdict.MALICIOUS


def test_what_is_shown_of_a_name_can_not_act_on_a_terminal(tmp_path: Path) -> None:
    report = scanned(tmp_path, DISGUISES["a name with a terminal's escape"])
    assert all(str(reason).isprintable() for reason in report.reasons)


def test_a_persistent_id_imports_nothing(tmp_path: Path) -> None:
    assert scanned(tmp_path, b"\x80\x02Pweights\n.").is_clean


@given(st.binary(max_size=300), st.integers(0, 5))
def test_whatever_follows_a_call_it_is_found(tmp_path_factory, rest: bytes, protocol: int) -> None:
    class Hostile:
        def __reduce__(self) -> tuple[object, tuple[str]]:
            return exec, ("raise SystemExit",)

    folder = tmp_path_factory.mktemp("scan")
    data = pickle.dumps(Hostile(), protocol)
    assert scanned(folder, data[:-1] + rest).verdict is ScanVerdict.MALICIOUS


@given(st.recursive(st.none() | st.integers() | st.text() | st.binary() | st.floats(), st.lists))
def test_plain_data_is_clean(tmp_path_factory, value: object) -> None:
    for protocol in range(6):
        data = pickletools.optimize(pickle.dumps(value, protocol))
        assert scanned(tmp_path_factory.mktemp("scan"), data).is_clean


@given(st.binary(min_size=1, max_size=2000))
def test_no_bytes_make_the_scan_fail(tmp_path_factory, data: bytes) -> None:
    folder = tmp_path_factory.mktemp("scan")
    assert scanned(folder, data).verdict in ScanVerdict
    assert scanned(folder, b"\x80\x04" + data, "model.joblib").verdict in ScanVerdict
