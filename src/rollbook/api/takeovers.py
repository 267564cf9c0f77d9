"""The verbs that take over what another tool keeps: each proposes all of it as one commit."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rollbook.artifact.progress import quiet
from rollbook.registry import registry

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from rollbook.artifact.progress import Progress
    from rollbook.transfer.gto.gto_plan import Plan, TakeoverRequest
    from rollbook.transfer.gto.takeover import TakenOver
    from rollbook.transfer.mlflow.mlflow_plan import MlflowPlan, MlflowRequest
    from rollbook.transfer.mlflow.mlflow_takeover import TakenFromMlflow


class Takeovers(registry.Registry):
    """What takes models over."""

    def import_gto(
        self,
        *,
        models: Sequence[str] = (),
        stages: Mapping[str, str] | None = None,
        renames: Mapping[str, str] | None = None,
        paths: Mapping[str, str] | None = None,
        skip_missing: bool = False,
        progress: Progress = quiet,
    ) -> TakenOver:
        """Propose to take over the models that this repository keeps with GTO; return what was proposed.

        `models` narrows it to these artifacts; `stages` says what GTO's stages are called in the policy;
        `renames` gives other names to artifacts or versions; `paths` says where artifacts' files are when
        nothing tells. `skip_missing` leaves out versions whose bytes can't be had. Raises Refused when
        something has to be decided first.
        """
        from rollbook.transfer.gto.takeover import take_over

        request = _wanted(models, stages, renames, paths, skip_missing=skip_missing)
        return take_over(self.repository, request, progress)

    def plan_gto(
        self,
        *,
        models: Sequence[str] = (),
        stages: Mapping[str, str] | None = None,
        renames: Mapping[str, str] | None = None,
        paths: Mapping[str, str] | None = None,
        skip_missing: bool = False,
    ) -> Plan:
        """Return what `import_gto` would take over, and what has to be decided first; change nothing."""
        from rollbook.transfer.gto.takeover import plan_from_gto

        request = _wanted(models, stages, renames, paths, skip_missing=skip_missing)
        return plan_from_gto(self.repository, request)

    def import_mlflow(
        self,
        uri: str,
        *,
        models: Sequence[str] = (),
        stages: Mapping[str, str] | None = None,
        renames: Mapping[str, str] | None = None,
        alias: Mapping[str, str] | None = None,
        skip: Sequence[str] = (),
        skip_missing: bool = False,
        newest_holds: bool = False,
        progress: Progress = quiet,
    ) -> TakenFromMlflow:
        """Propose to take over the models of an MLflow registry; return what was proposed.

        `uri` is a database (`sqlite:///mlflow.db`), the folder of a file store, or a server. `models` narrows
        it to these; `stages` says what MLflow's stages are called in the policy, `renames` and `alias` what
        models and aliases are called here. `skip` are versions to leave out (`churn@3`), `skip_missing`
        leaves out those whose bytes can't be had; with `newest_holds`, the newest of several versions holds a
        stage that only one can hold. Run again after it was cut off, it copies nothing twice. Raises Refused
        when something has to be decided first.
        """
        from rollbook.transfer.mlflow.mlflow_takeover import take_over

        request = _of_mlflow(
            models, stages, renames, alias, skip, skip_missing=skip_missing, newest_holds=newest_holds
        )
        return take_over(self.repository, uri, request, progress)

    def plan_mlflow(
        self,
        uri: str,
        *,
        models: Sequence[str] = (),
        stages: Mapping[str, str] | None = None,
        renames: Mapping[str, str] | None = None,
        alias: Mapping[str, str] | None = None,
        skip: Sequence[str] = (),
        skip_missing: bool = False,
        newest_holds: bool = False,
        progress: Progress = quiet,
    ) -> MlflowPlan:
        """Return what `import_mlflow` would take over, and what has to be decided first; change nothing."""
        from rollbook.transfer.mlflow.mlflow_takeover import plan_from_mlflow

        request = _of_mlflow(
            models, stages, renames, alias, skip, skip_missing=skip_missing, newest_holds=newest_holds
        )
        return plan_from_mlflow(self.repository, uri, request, progress)


def _wanted(
    models: Sequence[str],
    stages: Mapping[str, str] | None,
    renames: Mapping[str, str] | None,
    paths: Mapping[str, str] | None,
    *,
    skip_missing: bool,
) -> TakeoverRequest:
    from rollbook.transfer.gto.gto_plan import TakeoverRequest

    return TakeoverRequest(tuple(models), stages or {}, renames or {}, paths or {}, skip_missing)


def _of_mlflow(
    models: Sequence[str],
    stages: Mapping[str, str] | None,
    renames: Mapping[str, str] | None,
    aliases: Mapping[str, str] | None,
    skip: Sequence[str],
    *,
    skip_missing: bool,
    newest_holds: bool,
) -> MlflowRequest:
    from rollbook.transfer.mlflow.mlflow_plan import MlflowRequest

    return MlflowRequest(
        tuple(models), stages or {}, renames or {}, aliases or {}, tuple(skip), skip_missing, newest_holds
    )
