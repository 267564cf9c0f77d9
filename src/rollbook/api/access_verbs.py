"""The verbs about who may do what: access, whoami."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rollbook.registry import registry

if TYPE_CHECKING:
    from rollbook.insight.review.access_review import AccessReview
    from rollbook.insight.review.own_access import OwnAccess


class AccessQuestions(registry.Registry):
    """What the snapshot's policy says of access."""

    def access(self, *, model: str | None = None, who: str | None = None) -> AccessReview:
        """Return who may do what: each member of the policy's roles, for which models, and what it allows.

        `model` narrows it to who may do something with that one, `who` to one person: an address, a login
        (`@jane`), a team (`@acme/risk`) or a key's fingerprint. Raises BadCall for what is none of these.
        """
        from rollbook.insight.review.access_review import access_review

        return access_review(self, model, who)


class OwnAccessQuestion(registry.Registry):
    """What main's policy lets the user do."""

    def whoami(self) -> OwnAccess:
        """Return who git and its keys say the user is, and what main's policy lets them do.

        Nobody is asked over a network. Raises BadCall when git does not know who commits.
        """
        from rollbook.insight.review.own_access import own_access

        return own_access(self.repository)
