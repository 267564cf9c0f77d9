"""The tracking store that is asked for MLflow's runs and logged models, with the registry's errors."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any, cast

from mlflow.exceptions import MlflowException

from rollbook.errors import CannotTell, NotFound
from rollbook.text import printable
from rollbook.transfer.mlflow.stranger_text import kept_line

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from mlflow import MlflowClient
    from mlflow.entities import Experiment, LoggedModel, Run

_MISSING = frozenset(["RESOURCE_DOES_NOT_EXIST", "NOT_FOUND", "INVALID_PARAMETER_VALUE"])
# Characters that the name of a logged model never has, and that would end its text in a filter.
_NO_NAME = frozenset("/:.%\"'")
_MOST_LOGGED = 1000
_HINT = "Is it another tracking store that has it? mlflow.set_tracking_uri(...), or MLFLOW_TRACKING_URI."


@dataclass(frozen=True, slots=True)
class TrackingStore:
    """The tracking store at `uri`, None for the one that MLflow uses now."""

    uri: str | None = None

    @property
    def address(self) -> str:
        """Return its address."""
        from mlflow.tracking import get_tracking_uri

        return self.uri or str(get_tracking_uri())

    def run(self, run_id: str) -> Run:
        """Return a run. Raises NotFound, CannotTell when it can't be asked."""
        return cast("Run", self._asked(f"the run {_shown(run_id)}", lambda: self._client().get_run(run_id)))

    def logged_model(self, model_id: str) -> LoggedModel:
        """Return a logged model. Raises NotFound, CannotTell when it can't be asked."""
        what = f"the logged model {_shown(model_id)}"
        return cast("LoggedModel", self._asked(what, lambda: self._client().get_logged_model(model_id)))

    def experiment(self, run: Run) -> Experiment | None:
        """Return a run's experiment; None where it can't be read."""
        try:
            found = self._asked("", lambda: self._client().get_experiment(run.info.experiment_id))
        except (NotFound, CannotTell):
            return None
        return cast("Experiment", found)

    def model_logged_as(self, name: str, run: Run) -> LoggedModel | None:
        """Return the model that a run logged under a name: of several that of its last step, the newest."""
        if not name or not _NO_NAME.isdisjoint(name):
            return None
        outputs = run.outputs.model_outputs if run.outputs else []
        steps = {one.model_id: one.step for one in outputs}
        what = f"the models of the run {_shown(run.info.run_id)}"
        found = self._asked(what, lambda: [*islice(self._logged(name, run), _MOST_LOGGED)])
        own = [one for one in found if one.source_run_id == run.info.run_id]
        return max(own, key=lambda one: (steps.get(one.model_id, -1), one.creation_timestamp), default=None)

    def link(self, run: Run) -> str:
        """Return where a run can be looked at; empty where that is no server."""
        address = self.address.rstrip("/")
        if not address.startswith(("http://", "https://")):
            return ""
        return f"{address}/#/experiments/{run.info.experiment_id}/runs/{run.info.run_id}"

    def _logged(self, name: str, run: Run) -> Iterator[LoggedModel]:
        token = None
        while True:
            page = self._client().search_logged_models(
                experiment_ids=[run.info.experiment_id], filter_string=f"name = '{name}'", page_token=token
            )
            yield from page
            token = page.token
            if not token:
                return

    def _client(self) -> MlflowClient:
        from mlflow.tracking import MlflowClient

        return MlflowClient(tracking_uri=self.uri)

    def _asked(self, what: str, ask: Callable[[], Any]) -> Any:
        try:
            return ask()
        except MlflowException as error:
            reason = printable(kept_line(error.message))[:300]
            if error.error_code in _MISSING:
                raise NotFound(f"{what} is not in MLflow's tracking store: {reason}", hint=_HINT) from error
            raise CannotTell(f"{what} can't be read: {reason}", hint=_HINT) from error
        except OSError as error:
            raise CannotTell(f"{what} can't be read: {printable(str(error))[:300]}", hint=_HINT) from error


def _shown(name: str) -> str:
    return repr(name[:80])
