"""The verbs that answer: list, compare, best, lineage, query, bom, storage, card, history."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Unpack, overload

from rollbook.api.access_verbs import AccessQuestions
from rollbook.api.public_model import Model
from rollbook.api.version_answers import VersionQuestions
from rollbook.registry import registry

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from rollbook.api.evidence_verbs import EvidenceVerbs
    from rollbook.api.public_model import ModelVersion
    from rollbook.api.results import ExportedIndex, History, MadeCard
    from rollbook.artifact.progress import Progress
    from rollbook.insight.compare.comparison import Best, Comparison
    from rollbook.insight.compliance.compliance_report import ComplianceReport
    from rollbook.insight.lineage.descendants import Descendant
    from rollbook.insight.lineage.trace import Lineage
    from rollbook.insight.query.parquet import ExportedTables
    from rollbook.insight.query.sql import Result, Value
    from rollbook.names import Reference
    from rollbook.propose.told_facts import PathLike
    from rollbook.records.stages import StageTable
    from rollbook.registry.list_filter import Wanted
    from rollbook.registry.listing import ListedModel, ListedVersion
    from rollbook.retention.accounting import StorageReport
    from rollbook.retention.stale import StaleVersions
    from rollbook.transfer.bundle.bundle_export import Packed
    from rollbook.transfer.gto.past_events import PastEvent


class ReadOnlyRegistry(VersionQuestions, AccessQuestions, registry.Registry):
    """The models of one snapshot of one repository, and every question that is answered from it."""

    @property
    def evidence(self) -> EvidenceVerbs:
        """Return what puts evidence on record, lists it, and gets what is attached to it."""
        from rollbook.api.evidence_verbs import EvidenceVerbs

        return EvidenceVerbs(self)

    def make_model(self, name: str, versions: Sequence[str], stages: StageTable) -> Model:
        return Model(self, name, versions, stages)

    if TYPE_CHECKING:  # what `make_model` makes of them

        def models(self) -> Sequence[Model]: ...
        def models_named(self, names: Sequence[str]) -> Sequence[Model]: ...
        def model(self, name: str) -> Model: ...
        def version(self, reference: str | Reference) -> ModelVersion: ...
        def version_or_default(self, reference: str | Reference) -> ModelVersion: ...

    def compare(
        self,
        model: str,
        versions: Sequence[str] = (),
        *,
        metrics: Sequence[str] = (),
        lower_is_better: Sequence[str] = (),
        higher_is_better: Sequence[str] = (),
        evidence: str | None = None,
    ) -> Comparison:
        """Return versions of a model side by side; without any, the one in production, those in the stages
        before it, and the newest.

        `metrics` narrows what is compared; the two `..._is_better` name metrics whose direction their names
        don't tell; `evidence` takes the metrics from the newest evidence of that kind. Raises NotFound for a
        model, version or metric that isn't there.
        """
        from rollbook.insight.compare.comparison import compare

        return compare(
            self.model(model),
            versions,
            metrics,
            lower_is_better=lower_is_better,
            higher_is_better=higher_is_better,
            evidence=evidence or "",
        )

    def best(
        self,
        model: str,
        metric: str,
        *,
        lower_is_better: bool | None = None,
        evidence: str | None = None,
        stage: str | None = None,
    ) -> Best:
        """Return the best version of a model by a metric, of one stage or of all; of equal ones the newest.

        None for `lower_is_better` lets the metric's name tell. Raises NotFound when no version gives a finite
        number.
        """
        from rollbook.insight.compare.comparison import best

        return best(
            self.model(model), metric, lower_is_better=lower_is_better, stage=stage, evidence=evidence or ""
        )

    def lineage(self, reference: str) -> Lineage:
        """Return what a version came from, and theirs, and what became of it.

        Raises NotFound for an unknown version, InvalidFile for a manifest that can't be read.
        """
        from rollbook.insight.lineage.trace import trace
        from rollbook.insight.lineage.version_story import followed

        return followed(self, trace(self, reference))

    def descendants(
        self, *, data: str | None = None, commit: str | None = None, parent: str | None = None
    ) -> Sequence[Descendant]:
        """Return every version that came from a data set, a commit of the training code, or a version.

        One of the three is given: `data` by name, `NAME@VERSION`, address or SHA-256. Raises BadCall for none
        or several, NotFound when no version names it.
        """
        from rollbook.errors import BadCall
        from rollbook.insight.lineage import descendants

        questions = (
            (descendants.from_data, data),
            (descendants.from_commit, commit),
            (descendants.from_version, parent),
        )
        queries = [(answer, source) for answer, source in questions if source is not None]
        if len(queries) != 1:
            raise BadCall("one source is needed", hint="Give one of data, commit and parent.")
        ((answer, source),) = queries
        return answer(self, source)

    def query(
        self, sql: str, parameters: Sequence[Value] | Mapping[str, Value] = (), *, timeout: float = 30.0
    ) -> Result:
        """Return what one SELECT over the registry's views gives, in SQLite's dialect.

        `parameters` are the values of its `?` or `:name`; `timeout` is in seconds. Raises BadCall for what is
        no such query, Refused when it takes longer or asks for events where there are no tags.
        """
        from rollbook.insight.query.sql import query

        return query(self, sql, parameters, timeout=timeout)

    def bom(self, reference: str) -> dict[str, Any]:
        """Return a version's bill of materials, a CycloneDX 1.6 document; needs the extra `bom`."""
        from rollbook.insight.lineage.cyclonedx import bill_of_materials

        return bill_of_materials(self.version(reference))

    def storage(
        self, *, cold: str | None = None, usage: bool = True, now: datetime | None = None
    ) -> StorageReport:
        """Return what the artifacts take, by model, stage and format; what they share, may go and cost.

        With `cold` (a span such as `90d`) also which of them nothing used for that long, also by the
        policy's `monitoring.usage` unless `usage` is False; `now` is the moment at which that and the
        retention are judged.
        """
        from rollbook.api.usage_questions import accounted

        return accounted(self, cold, usage=usage, now=now)

    def card(
        self,
        reference: str,
        *,
        source: PathLike | None = None,
        template: PathLike | None = None,
        html: bool = False,
    ) -> MadeCard:
        """Return a version's model card, made from what the registry knows, with what people wrote in it.

        `source` is a file to take that from instead of `card.md`; `template` one to begin a card from that
        isn't there yet; `html` makes a page of HTML. Raises Refused for a template where there is a card.
        """
        from rollbook.api.results import MadeCard
        from rollbook.propose.card_proposal import make_card, written_by_people

        version = self.version(reference)
        card = make_card(version, written_by_people(source), template)
        text = card.text
        if html:
            from rollbook.insight.card.card_html import as_html

            text = as_html(card.text, str(version))
        told = (version.model.name, version.version, self.snapshot.commit, card.path)
        return MadeCard(*told, card.is_stale, text, card.unfilled)

    def history(
        self,
        model: str | None = None,
        *,
        since: str | None = None,
        until: str | None = None,
        action: str | None = None,
        stage: str | None = None,
        by: str | None = None,
        ref: str | None = None,
        past: bool = False,
        with_evidence: bool = True,
    ) -> History:
        """Return what happened to a model, or to all, from the audit trail's tags, oldest first.

        `since` and `until` are dates, `action` what happened (`registered`, `assigned`, `unassigned`,
        `removed`, `alias-set`, `alias-removed`), `stage` what it entered or left (`@champion` for an alias),
        `by` who asked for it or approved it, `ref` one version.
        `past` adds what the tags of GTO tell of the time before a takeover. Raises NotFound for an unknown
        model or version, BadCall for what is no date.

        >>> registry.history("churn", since="2026-01-01").to_pandas()
        """
        from rollbook.api.results import History
        from rollbook.trail import history

        model, version = self._asked_about(model, ref)
        revision = self.snapshot.commit or "HEAD"
        narrowed = {"since": since, "until": until, "action": action, "stage": stage, "by": by}
        event_filter = history.narrowed(**narrowed, version=version)
        events = history.history(self.repository, revision, model, event_filter)
        before: Sequence[PastEvent] = ()
        if past:
            from rollbook.transfer.gto.past_events import past_events

            before = past_events(self, model, event_filter)
        stood = history.evidence(self.repository, revision, events) if with_evidence else {}
        return History(events, before, stood)

    def _asked_about(self, model: str | None, ref: str | None) -> tuple[str | None, str]:
        """Return the model and the version that are asked for; empty for all."""
        from rollbook.errors import BadCall
        from rollbook.names import parse_reference

        if ref is not None:
            reference = parse_reference(ref)
            if model not in (None, reference.model):
                raise BadCall(f"{ref[:200]!r} is no version of {model}.")
            return reference.model, self.version(reference).version
        if model is not None:
            self.model(model)
        else:
            self.require()
        return model, ""

    def report(self, period: str, model: str | None = None) -> ComplianceReport:
        """Return the compliance report of a period, `START..END` by its two dates, of all models or of one.

        Raises BadCall for no period, NotFound when main began after it.
        """
        from rollbook.insight.compliance.compliance_report import compliance_report, parse_period

        return compliance_report(self.repository, parse_period(period), model)

    def export_index(self, index: PathLike, *, publish: str | None = None) -> ExportedIndex:
        """Write static files that answer for this registry without git to a folder; return what was written.

        Open the registry at a commit of main: consumers are told what main says. `publish` names a branch of
        the remote to push them to. Raises Refused for a folder that holds something else.
        """
        from rollbook.api.results import ExportedIndex

        if publish is None:
            from rollbook.transfer.static_index.index_export import export

            return ExportedIndex(Path(index), export(self, Path(index)), None)
        from rollbook.transfer.static_index.index_branch import publish as publish_index

        published = publish_index(self, Path(index), publish)
        return ExportedIndex(Path(index), published.exported, published)

    def export_parquet(self, parquet: PathLike) -> ExportedTables:
        """Write the views of `query` to a folder as Parquet files; return how many rows each has.

        Needs the extra `parquet`. Raises Refused for a folder that holds something else.
        """
        from rollbook.insight.query.parquet import export

        return export(self, Path(parquet))

    def export_bundle(self, reference: str, bundle: PathLike, *, progress: Progress | None = None) -> Packed:
        """Write a version, its artifact and its record to one file; return what is in it.

        Raises Refused when its artifact is removed or no tag registers it yet, NotFound for an unknown
        version, StorageFailed when the artifact can't be had.
        """
        from rollbook.artifact.progress import quiet
        from rollbook.transfer.bundle.bundle_export import export_version

        return export_version(self, reference, Path(bundle), progress or quiet)

    @overload
    def list(
        self, model: None = None, *, owner: str | None = None, team: str | None = None,
        task: str | None = None, **wanted: Unpack[Wanted],
    ) -> Sequence[ListedModel]: ...  # fmt: skip
    @overload
    def list(self, model: str, **wanted: Unpack[Wanted]) -> Sequence[ListedVersion]: ...
    @overload
    def list(
        self, model: str | None = None, *, stale: str, usage: bool = True, now: datetime | None = None
    ) -> StaleVersions: ...
    def list(
        self,
        model: str | None = None,
        *,
        stage: str | None = None,
        owner: str | None = None,
        team: str | None = None,
        task: str | None = None,
        tags: Sequence[str] = (),
        sort: str | None = None,
        reverse: bool = False,
        stale: str | None = None,
        usage: bool = True,
        now: datetime | None = None,
    ) -> Sequence[ListedModel] | Sequence[ListedVersion] | StaleVersions:
        """Return the models with their newest versions and their stages; or the versions of one, newest
        first.

        `stage` narrows models to those with a version in it, versions to those in it; `tags` (`NAME` or
        `NAME=TEXT`) to those that bear all of them; `owner`, `team` and `task` are about models. `sort` is
        `name`, `created` or `stage`, of models also `owner`, `team` or `task`; `reverse` turns the order
        round. With `stale` (a span such as `90d` or `12w`), the versions that nothing uses and nothing
        happened to for that long before `now`, and that did not serve: by evidence, and by the policy's
        `monitoring.usage` unless `usage` is False. Raises NotFound for an unknown model or stage, BadCall for
        what makes no sense together.
        """
        from rollbook.registry.list_filter import list_filter
        from rollbook.registry.listing import listed_models, listed_versions

        about = {"stage": stage, "owner": owner, "team": team, "task": task}
        wanted = list_filter(**about, tags=tags, sort=sort, reverse=reverse)
        if stale is not None:
            from rollbook.api.usage_questions import listed_stale

            wanted.require_nothing()
            models = None if model is None else [self.model(model).name]
            return listed_stale(self, stale, models, usage=usage, now=now)
        if model is None:
            return listed_models(self, wanted)
        wanted.require_of_versions()
        self.require()
        return listed_versions(self.model(model), wanted=wanted)
