"""Globals that no model imports, and attacks do: where one is called, the verdict is `malicious`.

It decides between two ways of not being clean, so nothing depends on its being complete: what is neither here
nor on the list of what is allowed is `suspicious`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rollbook.artifact.scan.pickled_values import Imported

# Modules, with all that is in them.
_MODULES_TEXT = """
_aix_support _ctypes _frozen_importlib _frozen_importlib_external _imp _osx_support _pickle _posixshmem
_posixsubprocess _pyrepl _socket _thread _winapi aiohttp asyncio bdb cProfile cgi cgitb cmd code codeop
commands compileall ctypes distutils doctest ensurepip fabric ftplib http httplib idlelib imaplib imp
importlib lib2to3 marshal mmap modulefinder nntplib nt nturl2path os paramiko pdb pickle pickletools pip
pkgutil popen2 poplib posix profile pstats pty py_compile pydoc requests requests_toolbelt rlcompleter
runpy setuptools shelve shutil signal site smtplib socket socketserver sqlite3 ssl subprocess sys
tarfile telnetlib test timeit trace tracemalloc turtledemo urllib urllib2 urllib3 uu venv webbrowser
winreg xmlrpc zipapp zipfile zipimport multiprocessing.popen_spawn_posix multiprocessing.util
numpy.distutils numpy.f2py numpy.testing pandas.core.computation pandas.io.pickle
torch._inductor.codecache torch.hub torch.utils.bottleneck torch.utils.cpp_extension
"""
_NAMES_TEXT = """
_io.FileIO _io.open _io.open_code builtins.__import__ builtins.breakpoint builtins.compile
builtins.delattr builtins.eval builtins.exec builtins.execfile builtins.globals builtins.input
builtins.locals builtins.open builtins.setattr builtins.vars io.FileIO io.open io.open_code joblib.load
joblib.numpy_pickle.load logging.config.listen numpy.fromfile numpy.load pandas.eval pandas.read_csv
pandas.read_json pandas.read_pickle torch._jit_internal._import_dotted_name torch.compile torch.load
torch.serialization.load
"""
_MODULES, _NAMES = frozenset(_MODULES_TEXT.split()), frozenset(_NAMES_TEXT.split())


def is_dangerous(imported: Imported) -> bool:
    """Whether a global is one that attacks call."""
    module = imported.module
    module = {"__builtin__": "builtins"}.get(module, module)
    if f"{module}.{imported.name}" in _NAMES:
        return True
    # `builtins.eval.__call__`, as protocol 4 may have it.
    if any(f"{module}.{imported.name}".startswith(f"{name}.") for name in _NAMES):
        return True
    parts = module.split(".")
    return any(".".join(parts[:count]) in _MODULES for count in range(1, len(parts) + 1))
