"""Write `src/rollbook/artifact/scan/allowed_classes.txt`: the classes of models in the libraries that are
installed here, which the scan lets unpickling import.

    python docs/list_allowed_classes.py

Only classes are listed, each by the module that a pickle names it by: a function could do anything with what
a pickle hands it. Names of earlier releases stay: the list is added to.
"""

from __future__ import annotations

import contextlib
import importlib
import inspect
import pkgutil
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

LIST = Path(__file__).parents[1] / "src/rollbook/artifact/scan/allowed_classes.txt"
_HEAD = "# Written by docs/list_allowed_classes.py: frameworks, and in each line a module and its classes.\n"


def main() -> None:
    """Add what is found to the list."""
    known = _read(LIST.read_text()) if LIST.exists() else {}
    for framework, package, fits in _sources():
        try:
            importlib.import_module(package)
        except ImportError:
            continue
        for module, name in _classes(package, fits):
            known.setdefault(framework, {}).setdefault(module, set()).add(name)
    LIST.write_text(_HEAD + "".join(_section(name, known[name]) for name in sorted(known)))


def _sources() -> Iterator[tuple[str, str, Callable[[type[Any]], bool]]]:
    def of(module: str, *names: str) -> Callable[[type[Any]], bool]:
        def fits(kind: type[Any]) -> bool:
            bases = tuple(getattr(importlib.import_module(module), name) for name in names)
            return issubclass(kind, bases)

        return fits

    yield "scikit-learn", "sklearn", of("sklearn.base", "BaseEstimator")
    yield "scikit-learn", "sklearn.gaussian_process.kernels", of("sklearn.gaussian_process.kernels", "Kernel")
    yield "scikit-learn", "sklearn._loss.loss", of("sklearn._loss.loss", "BaseLoss")
    yield "scikit-learn", "sklearn._loss.link", of("sklearn._loss.link", "BaseLink")
    yield "lightgbm", "lightgbm", of("lightgbm.sklearn", "LGBMModel")
    yield "xgboost", "xgboost", of("xgboost.sklearn", "XGBModel")
    yield "torch", "torch.nn.modules", of("torch.nn", "Module")


def _classes(package: str, fits: Callable[[type[Any]], bool]) -> Iterator[tuple[str, str]]:
    """Yield module and name of the classes in a package that fit, each where it is defined."""
    for module in _modules(package):
        for name, kind in inspect.getmembers(module, inspect.isclass):
            if kind.__module__ == module.__name__ and kind.__qualname__ == name and fits(kind):
                yield module.__name__, name


def _modules(package: str) -> Iterator[Any]:
    root = importlib.import_module(package)
    yield root
    for found in pkgutil.walk_packages(getattr(root, "__path__", ()), f"{package}."):
        parts = found.name.split(".")
        if {
            "tests",
            "externals",
            "conftest",
            "datasets",
            "experimental",
            "_mocking",
            "dask",
            "spark",
            "testing",
        } & set(parts):
            continue
        # A module may need what isn't installed.
        with contextlib.suppress(Exception):
            yield importlib.import_module(found.name)


def _section(name: str, modules: dict[str, set[str]]) -> str:
    lines = (f"{module} {' '.join(sorted(modules[module]))}\n" for module in sorted(modules))
    return f"\n[{name}]\n{''.join(lines)}"


def _read(text: str) -> dict[str, dict[str, set[str]]]:
    sections: dict[str, dict[str, set[str]]] = {}
    section: dict[str, set[str]] = {}
    for line in text.splitlines():
        if line.startswith("["):
            section = sections.setdefault(line.strip("[]"), {})
        elif line and not line.startswith("#"):
            module, *names = line.split()
            section[module] = set(names)
    return sections


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    main()
