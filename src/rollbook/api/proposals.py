"""The verbs that propose a change: each makes a branch with one commit, off main, and touches nothing
else."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Unpack

from rollbook.artifact.progress import quiet
from rollbook.registry import registry

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from rollbook.artifact.progress import Progress
    from rollbook.propose.approval import Approved
    from rollbook.propose.card_proposal import ProposedCard
    from rollbook.propose.model_edit import EditedModel
    from rollbook.propose.new_note import Noted
    from rollbook.propose.pruning import Pruning
    from rollbook.propose.registration import ProposedVersion
    from rollbook.propose.told_facts import PathLike, ToldFacts
    from rollbook.signing.approval_signature import TransitionContent
    from rollbook.transfer.bundle.bundle_import import Brought


class Proposals(registry.Registry):
    """What proposes and approves."""

    def register(
        self,
        model: str,
        artifact: PathLike,
        *,
        version: str | None = None,
        bump: str | None = None,
        parents: Sequence[str] = (),
        code: PathLike | Sequence[PathLike] | None = None,
        created_at: str | None = None,
        created_by: str | None = None,
        name: str | None = None,
        follow_links: bool = False,
        test: bool = False,
        trust: bool = False,
        environment: str = "current",
        progress: Progress = quiet,
        **facts: Unpack[ToldFacts],
    ) -> ProposedVersion:
        """Propose an artifact as a new version of a model; return what was proposed. It is a file, a folder,
        or an address of one that DVC can read, such as `s3://bucket/key`.

        Its bytes go to the DVC remote first. `version`, or else `bump` (`major`, `minor`, `patch`; by default
        `minor`) of the newest, says which version it is. `parents` are references to the versions it was
        derived from; `code` is the training repository, by default the current one when that isn't the
        registry, or several, each perhaps with its role (`features=../features`). With `test` it is run on
        its sample first, as `Registry.test` does, `trust` and `environment` saying how, and what fails is not
        proposed. With `created_at` or `created_by` the version is back-filled: made then and by them,
        registered now and by you. Raises BadCall for facts that make no sense, Refused for a version that
        exists or that the check refuses, Conflict when the branch stands with other content, StorageFailed
        when the bytes can't be stored.
        """
        from rollbook.artifact.links import LinkRule
        from rollbook.propose.registration import register
        from rollbook.propose.smoke_test import registration_settings
        from rollbook.propose.told_registration import told_registration

        told = told_registration(
            self.repository, model, artifact, facts, version=version, bump=bump, code=code
        )
        request = replace(
            told,
            parents=parents,
            name=name,
            links=LinkRule.ALL if follow_links else LinkRule.NAMED,
            created_at=created_at,
            created_by=created_by,
            test=registration_settings(test=test, trust=trust, environment=environment),
        )
        return register(self.repository, request, progress)

    def note(
        self,
        reference: str,
        *,
        description: str | None = None,
        tags: Mapping[str, str] | None = None,
        remove_tags: Sequence[str] = (),
    ) -> Noted:
        """Propose to note on a version what may change: a description, tags; return what was proposed.

        None leaves the description as it is, empty text takes it out. Raises NotFound for an unknown version
        or a tag that isn't noted, Refused when the check refuses it.
        """
        from rollbook.propose.new_note import add_note

        return add_note(
            self.repository, reference, description=description, tags=tags, remove_tags=remove_tags
        )

    def edit_model(
        self,
        model: str,
        *,
        display_name: str | None = None,
        description: str | None = None,
        owner: str | None = None,
        team: str | None = None,
        task: str | None = None,
        use_case: str | None = None,
        compliance: str | None = None,
        data_classification: str | None = None,
        tags: Mapping[str, str] | None = None,
        remove_tags: Sequence[str] = (),
    ) -> EditedModel:
        """Propose to change what a model's model.yaml says of it; return what was proposed.

        None leaves a field as it is, empty text takes it out. Raises NotFound for an unknown model or a tag
        that it hasn't, BadCall for values that the file can't hold, Refused when it says so already or the
        check refuses it.
        """
        from rollbook.propose.model_edit import edit_model

        fields = {
            "display_name": display_name,
            "description": description,
            "owner": owner,
            "team": team,
            "task": task,
            "use_case": use_case,
            "compliance": compliance,
            "data_classification": data_classification,
        }
        return edit_model(self.repository, model, fields, tags=tags, remove_tags=remove_tags)

    def propose_card(
        self, reference: str, *, source: PathLike | None = None, template: PathLike | None = None
    ) -> ProposedCard | None:
        """Propose a version's model card, made from what main knows; None when it is up to date.

        `source` is a file from which to take what people wrote, `template` one to begin a card from that
        isn't there yet. Raises NotFound for an unknown version, BadCall for a file that is no text, Refused
        for a template where there is a card.
        """
        from rollbook.propose.card_proposal import propose_card, written_by_people

        return propose_card(self.repository, reference, written_by_people(source), template)

    def approve(
        self,
        reference: str,
        stage: str,
        *,
        branch: str | None = None,
        note: str = "",
        show: Callable[[TransitionContent], object] = lambda _content: None,
    ) -> Approved:
        """Approve that a version moves to a stage, with your SSH signature; return the approval.

        It is added to the proposal's branch, which `branch` names when it has a name of its own. `note` is
        what you say about it, signed with it and on record. `show` is called with what will be signed, before
        it is. Raises NotFound when there is no such proposal, Refused when you may not approve it,
        CannotTell in a shallow clone.
        """
        from rollbook.propose.approval import approve

        return approve(self.repository, reference, stage, branch=branch, note=note, show=show)

    def prune(
        self, target: str | None = None, *, reason: str | None = None, dry_run: bool = False
    ) -> Pruning:
        """Propose that the artifacts go which the policy's retention lets go; return what goes and what
        stays.

        `target` is a model or one version; all models without it. With `dry_run` nothing is proposed, and no
        `reason` is needed. What served lately stays, by evidence and by the policy's `monitoring.usage`; so
        does what nobody can tell of. Raises Refused when nothing may go.
        """
        from rollbook.api.usage_questions import usage_of_going
        from rollbook.errors import BadCall
        from rollbook.propose.pruning import plan_pruning, propose_pruning

        if not dry_run and reason is None:
            raise BadCall("a removal needs a reason", hint="Give a reason; or see what may go with dry_run.")
        now = datetime.now(UTC)
        plan = plan_pruning(self.repository, target, now=now)
        usage = usage_of_going(self, plan, now)
        if reason is None or dry_run:
            return plan_pruning(self.repository, target, now=now, usage=usage) if usage else plan
        return propose_pruning(self.repository, target, reason=reason, now=now, usage=usage)

    def import_bundle(
        self,
        file: PathLike,
        *,
        allowed_signers: PathLike | None = None,
        require_signature: bool = False,
        progress: Progress = quiet,
    ) -> Brought:
        """Propose the version in a bundle of another registry; return what was brought.

        What is in it is held against the tags that registered it there. `allowed_signers` is a file of who
        may have signed there, and nothing unsigned passes then. Raises Refused for what its tags contradict
        or nobody vouches for who must, InvalidFile for what is no bundle.
        """
        from rollbook.propose.manifest_facts import small_file
        from rollbook.transfer.bundle.bundle_import import import_bundle

        return import_bundle(
            self.repository,
            Path(file),
            allowed_signers=small_file(Path(allowed_signers)) if allowed_signers else None,
            require_signature=require_signature,
            progress=progress,
        )
