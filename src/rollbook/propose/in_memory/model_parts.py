"""What a model consists of: its classes and theirs, which libraries these are from, what it was set to."""

from __future__ import annotations

import math
import sys
from typing import TYPE_CHECKING, Any

from rollbook.text import printable

if TYPE_CHECKING:
    from collections.abc import Iterator

_MOST_PARTS = 10_000
SESSION = "__main__"
_LONGEST_NAME = 200


def roots(model: Any) -> tuple[str, ...]:
    """Return the packages that the classes of an object come from, the object's own class first."""
    return tuple(dict.fromkeys(str(base.__module__).partition(".")[0] for base in type(model).__mro__))


def parts(model: Any) -> Iterator[Any]:
    """Yield a model and what it is put together from: the steps of pipelines and the estimators in others,
    the modules in a network."""
    yield model
    inner: list[Any] = []
    if callable(getattr(model, "get_params", None)):
        inner = [*_parameters(model, deep=True).values()]
    elif callable(getattr(model, "modules", None)):
        inner = [*model.modules()]
    for place, part in enumerate(inner):
        if place == _MOST_PARTS:
            return
        yield part


def libraries(model: Any) -> tuple[str, ...]:
    """Return the packages, by their names as modules, that the parts of a model come from."""
    found: dict[str, None] = {}
    for part in parts(model):
        if hasattr(part, "__dict__") or part is model:
            names = roots(part)
            if callable(part) and isinstance(getattr(part, "__module__", None), str):
                names = (part.__module__.partition(".")[0], *names)
            found |= dict.fromkeys(names)
    return tuple(name for name in found if name not in sys.stdlib_module_names and name != SESSION)


def of_this_session(model: Any) -> tuple[str, ...]:
    """Return the names of classes and functions in a model that are made in the running session alone."""
    found: dict[str, None] = {}
    for part in parts(model):
        for kind in (part, *type(part).__mro__) if _has_home(part) else type(part).__mro__:
            if getattr(kind, "__module__", None) == SESSION:
                found[str(getattr(kind, "__qualname__", type(kind).__name__))] = None
    return tuple(found)


def _has_home(part: Any) -> bool:
    """Whether something is a class or a function, which says itself where it is from."""
    return isinstance(part, type) or hasattr(part, "__code__")


def algorithm(model: Any) -> tuple[str, dict[str, Any]]:
    """Return what a model is called by its class, and what it was set to: of a pipeline its last step's, of a
    search the best estimator's."""
    last = model
    for _ in range(10):
        steps = getattr(last, "steps", None)
        if isinstance(steps, list) and steps and isinstance(steps[-1], tuple):
            last = steps[-1][-1]
        elif hasattr(last, "best_estimator_"):
            last = last.best_estimator_
        else:
            break
    return printable(type(last).__name__[:_LONGEST_NAME]), {
        name: value for name, value in _settings(last).items() if _is_set(value)
    }


def _is_set(value: Any) -> bool:
    """Whether a setting says anything: None and NaN stand for none."""
    return value is not None and not (isinstance(value, float) and math.isnan(value))


def _settings(model: Any) -> dict[str, Any]:
    if callable(getattr(model, "get_params", None)):
        return _parameters(model, deep=False)
    params = getattr(model, "params", None)  # a booster of LightGBM's
    return {str(name): value for name, value in params.items()} if isinstance(params, dict) else {}


def _parameters(model: Any, *, deep: bool) -> dict[str, Any]:
    """Return the parameters as scikit-learn's estimators tell them; those of CatBoost take no `deep`."""
    try:
        told = model.get_params(deep=deep)
    except (TypeError, AttributeError, ValueError):
        return {}
    return {str(name): value for name, value in told.items()} if isinstance(told, dict) else {}
