"""The verb that registers an object in memory, for notebooks and training scripts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Unpack

from rollbook.errors import RollbookError
from rollbook.registry import registry

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rollbook.artifact.progress import Progress
    from rollbook.propose.in_memory.logged_model import LoggedVersion
    from rollbook.propose.told_facts import FactsBesideSample, PathLike


class ModelLogging(registry.Registry):
    """What registers objects in memory."""

    def log_model(
        self,
        model: object,
        name: str,
        *,
        sample_input: Any = None,
        version: str | None = None,
        bump: str | None = None,
        comment: str | None = None,
        dependencies: Sequence[str] = (),
        format: str | None = None,  # noqa: A002 - as it is called in a manifest
        flavor: str | None = None,
        trusted_types: Sequence[str] = (),
        parents: Sequence[str] = (),
        code: PathLike | Sequence[PathLike] | None = None,
        test: bool = True,
        land: bool = False,
        progress: Progress | None = None,
        **facts: Unpack[FactsBesideSample],
    ) -> LoggedVersion:
        """Propose an object in memory, such as a trained estimator, as a new version of the model `name`;
        return what was proposed, and with `land` how it landed.

        It is written in the safest format that its library has: scikit-learn as skops, XGBoost as UBJSON,
        LightGBM as text, CatBoost as cbm, PyTorch as TorchScript, Keras as .keras, ONNX as it is, and what is
        of transformers with safetensors. `format` asks for another, such as `joblib`, `flavor` for a folder
        of MLflow's (`sklearn`, `pyfunc`): what runs code when it is loaded is written only so.
        `trusted_types` are the types that skops does not know and you do.

        `sample_input` are a few rows as the model takes them: a data frame, an array, arrays by name, a list.
        They tell the signature, and what is written is run on them in a process of its own and has to give
        what the object gives (`test`). The framework, the algorithm, its parameters, the pinned environment,
        the notebook and the commit of its code go on record by themselves; `dependencies` are further
        packages, `comment` says what is new, and `facts` are those of `register`, which win. `progress` is by
        default a bar in a notebook. Raises BadCall for rows that the model does not take and libraries that
        are missing, Refused for an object that no safe format is known for, types that nobody trusts, a test
        that fails and what the check refuses, and as `register` does.

        >>> registry.log_model(model, "churn", sample_input=X.head(), metrics={"auc": 0.91}, land=True)
        """
        from rollbook.propose.in_memory.logged_model import ObjectRegistration, log_model
        from rollbook.propose.in_memory.notebook_bar import notebook_progress

        wanted = ObjectRegistration(
            model=name,
            sample_input=sample_input,
            version=version,
            bump=bump,
            comment=comment,
            dependencies=dependencies,
            format=format,
            flavor=flavor,
            trusted_types=trusted_types,
            parents=parents,
            code=code,
            test=test,
            land=land,
        )
        try:
            with notebook_progress(name, progress) as shown:
                return log_model(self.repository, model, wanted, facts, shown)
        except RollbookError as error:
            if error.hint:
                error.add_note(f"hint: {error.hint}")  # which a notebook shows below the error
            raise
