"""Which registry a reading command reads: the one around the directory, one given by address, or an index."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from rollbook.api.reading import ReadOnlyRegistry
from rollbook.cli import options
from rollbook.cli.output import say, warn
from rollbook.errors import Conflict
from rollbook.names import parse_reference

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rollbook.api.public_federation import Federation
    from rollbook.api.public_model import Model, ModelVersion
    from rollbook.cli.options import Command
    from rollbook.transfer.static_index.index_source import IndexSource
    from rollbook.transfer.static_index.verification import VerifiedModel


@dataclass(frozen=True, slots=True)
class IndexOptions:
    """What was said of an index: its address, and how far it is to be trusted."""

    address: str | None = None
    verify: bool = False
    witness: str | None = None
    allowed_signers: Path | None = None
    offline: bool = False

    def require_sense(self, other: bool, *, may_verify: bool = False) -> None:
        """Raise UsageError when an option needs an index and there is none, or two places are named."""
        trusts = self.witness is not None or self.allowed_signers is not None
        if self.address is not None and other:
            raise click.UsageError("--index goes with neither --repo, --rev nor --at.")
        if self.address is None and may_verify and not (trusts or self.offline):
            return
        if self.address is None and (self.verify or trusts or self.offline):
            raise click.UsageError(
                "--verify, --witness, --allowed-signers and --offline go with --index URL."
            )
        if trusts and not self.verify:
            raise click.UsageError("--witness and --allowed-signers go with --verify.")
        if self.offline and self.verify:
            raise click.UsageError("--verify asks the host: leave --offline out.")


def at_repository(command: Command) -> Command:
    """`--repo URL`."""
    return click.option(
        "--repo", metavar="URL", help="Read this repository (path or URL), without a clone of your own."
    )(command)


def at_repositories(command: Command) -> Command:
    """`--repo URL`, which may be given several times: their registries are read as one."""
    return click.option(
        "--repo",
        metavar="URL",
        multiple=True,
        help="Read this repository (path or URL), without a clone of your own. Repeatable.",
    )(command)


def _remember(ctx: click.Context, parameter: click.Parameter, value: object) -> None:
    ctx.meta[f"{_META}{parameter.name}"] = value


def at_index(command: Command) -> Command:
    """`--index URL`, and what goes with it; `asked_version` reads them."""
    for option in reversed(_INDEX_OPTIONS):
        command = option(command)
    return command


_META = "rollbook.index."
_INDEX_OPTIONS = (
    click.option(
        "--index",
        "address",
        metavar="URL",
        expose_value=False,
        callback=_remember,
        help="Ask the files that `rollbook export --index` wrote (path or URL), without git.",
    ),
    click.option(
        "--verify",
        is_flag=True,
        expose_value=False,
        callback=_remember,
        help="With --index: check the answer by the audit trail. Of `fetch`: check the signature, too.",
    ),
    click.option(
        "--witness",
        metavar="FILE|URL",
        expose_value=False,
        callback=_remember,
        help="With --verify: what `audit head` printed earlier; the index's trail must extend it.",
    ),
    click.option(
        "--allowed-signers",
        metavar="FILE",
        type=click.Path(exists=True, dir_okay=False, path_type=Path),
        expose_value=False,
        callback=_remember,
        help="With --verify: who may have signed the trail's head, as ssh-keygen reads it.",
    ),
    click.option(
        "--offline",
        is_flag=True,
        expose_value=False,
        callback=_remember,
        help="With --index: answer from the cache, asking nobody.",
    ),
)


def index_options() -> IndexOptions:
    """Return what the command that runs was told of an index."""
    meta = click.get_current_context().meta
    return IndexOptions(**{field: meta[f"{_META}{field}"] for field in IndexOptions.__slots__})


@contextmanager
def opened_registry(repo: str | None, rev: str | None, at: str | None) -> Iterator[ReadOnlyRegistry]:
    """Open the registry that the options name."""
    _require_one_time(rev, at)
    if repo is None:
        with ReadOnlyRegistry.open(options.start(), rev=rev, at=at) as registry:
            yield registry
        return
    with ReadOnlyRegistry.at_address(repo, rev=rev, at=at) as registry:
        yield registry


@contextmanager
def opened_federation(repos: Sequence[str], rev: str | None, at: str | None) -> Iterator[Federation]:
    """Open the registries that the options name, as one."""
    from rollbook.api.public_federation import Federation

    _require_one_time(rev, at)
    with Federation.open(repos, rev=rev, at=at) as federation:
        yield federation


def _require_one_time(rev: str | None, at: str | None) -> None:
    if rev is not None and at is not None:
        raise click.UsageError("Give either --rev or --at.")


@contextmanager
def opened_model(name: str, repos: Sequence[str], rev: str | None, at: str | None) -> Iterator[Model]:
    """Open the model of that name, in the registries that the options name."""
    index = index_options()
    index.require_sense(bool(repos) or rev is not None or at is not None)
    if index.address is not None:
        raise click.UsageError(f"An index tells of versions: give {name}@VERSION, or {name}@latest.")
    if len(repos) > 1:
        with opened_federation(repos, rev, at) as federation:
            yield federation.model(name)
        return
    with opened_registry(repos[0] if repos else None, rev, at) as registry:
        yield registry.model(name)


@contextmanager
def asked_version(
    reference: str,
    repos: Sequence[str],
    rev: str | None,
    at: str | None,
    *,
    whole: bool = False,
    may_verify: bool = False,
) -> Iterator[ModelVersion]:
    """Open the version that REF stands for, in the registries or the index that the options name.

    `whole` says that more than the artifact and the stage will be asked of it, `may_verify` that --verify
    means something without an index, too.
    """
    index = index_options()
    index.require_sense(bool(repos) or rev is not None or at is not None, may_verify=may_verify)
    if len(repos) > 1:
        with opened_federation(repos, rev, at) as federation:
            yield federation.version_or_default(reference)
        return
    if index.address is None:
        with opened_registry(repos[0] if repos else None, rev, at) as registry:
            yield registry.version_or_default(reference)
        return
    from rollbook.transfer.static_index.index_source import source_at

    source = source_at(index.address, offline=index.offline)
    if index.verify:
        version = _verified_version(source, reference, index, whole=whole)
    else:
        from rollbook.transfer.static_index.index_snapshot import IndexSnapshot

        version = ReadOnlyRegistry(None, IndexSnapshot(source, whole=whole)).version_or_default(reference)
    for warning in source.warnings:
        warn(warning)
    yield version


def _verified_version(
    source: IndexSource, reference: str, index: IndexOptions, *, whole: bool
) -> ModelVersion:
    """Return the version that REF stands for, by an index whose every word on the model agrees with the
    trail.

    Raises Refused when one does not.
    """
    from rollbook.transfer.static_index.index_snapshot import IndexSnapshot
    from rollbook.transfer.static_index.verification import claims_of, verify

    witness = None
    if index.witness is not None:
        from rollbook.trail.witness import read_witness

        witness = read_witness(index.witness)
    signers = index.allowed_signers.read_bytes() if index.allowed_signers else None
    # The files may be replaced between two requests: once more, all of them are asked for.
    for is_last in (False, True):
        snapshot = IndexSnapshot(source, whole=whole, fresh=True)
        try:
            version = ReadOnlyRegistry(None, snapshot).version_or_default(reference)
            claims = claims_of(snapshot, version.model)
            verified = verify(source, claims, witness=witness, allowed_signers=signers)
        except Conflict:
            if is_last:
                raise
            continue
        _tell_verified(reference, version, verified)
        return version
    raise AssertionError("the loop returns or raises")


def _tell_verified(reference: str, version: ModelVersion, verified: VerifiedModel) -> None:
    """Say on stderr what an answer that was checked by the audit trail rests on."""
    signed = f", signed by {verified.signed_by}" if verified.signed_by else ""
    extends = ", which extends the witness" if verified.extends_witness else ""
    head = f"{verified.tag} ({verified.object[:12]}, {verified.events} events)"
    say(f"{version} follows from the audit trail up to {head}{signed}{extends}")
    if not verified.signed_by and not verified.extends_witness:
        warn("that head is the index's own word: name a --witness or --allowed-signers")
    stages = version.model.stages
    default = version.model.registry.default_alias(reference)
    if default:
        warn(f"that {reference} alone means @{default} is the index's own word")
    name = default or parse_reference(reference).name
    is_alias = name is not None and name in stages.aliases and not stages.holders(name)
    if is_alias and name not in verified.aliases:
        warn(f"the trail has no record of {name}: that it is {version.version} is the index's own word")


def warn_if_deprecated(version: ModelVersion) -> None:
    """Say on stderr that a version is deprecated, where it is."""
    if version.deprecation is not None:
        warn(version.deprecation.warning(str(version)))


def warn_if_removed(version: ModelVersion) -> None:
    """Say on stderr that a version's artifact is removed, where it is."""
    if version.removal is not None:
        warn(str(version.removal.refusal()))
