"""Building the site: what changed since the last time is made anew, all else stays as it is.

The bytes depend on the commit, its tags and the day that gates are judged on, so a site that was brought up
to date equals one made from scratch. Home comes last: whoever opens it finds what it leads to.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from itertools import chain
from typing import TYPE_CHECKING, Any

from rollbook.artifact.progress import begin, quiet
from rollbook.errors import BadCall
from rollbook.git.main_history import commit_at, is_first_parent
from rollbook.names import parse_moment
from rollbook.registry.main_branch import main_branch, main_commit
from rollbook.registry.model_folders import model_names
from rollbook.snapshot.tree_snapshot import TreeSnapshot, commit_snapshot
from rollbook.snapshot.workers import processors, spread
from rollbook.trail.history import each_event
from rollbook.web.catalog.catalog_assets import every_asset
from rollbook.web.catalog.facts.trail_standing import verified_meanwhile
from rollbook.web.catalog.pages.page_frame import page_frame
from rollbook.web.catalog.pages.page_paths import HOME
from rollbook.web.catalog.pages.record_pages import data_set_pages
from rollbook.web.catalog.pages.site_map import SiteMap
from rollbook.web.catalog.site.page_inputs import model_inputs, shared_inputs
from rollbook.web.catalog.site.search_index import search_files
from rollbook.web.catalog.site.site_folder import folder_of_date, locked_site
from rollbook.web.catalog.site.site_notes import ModelNotes, SiteNotes, noted
from rollbook.web.catalog.site.site_share import write_model, write_share

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from rollbook.api.public_registry import Registry
    from rollbook.artifact.progress import Progress
    from rollbook.trail.tag import RecordedTag
    from rollbook.web.catalog.facts.model_health import GatesToday
    from rollbook.web.catalog.facts.trail_standing import TrailStanding
    from rollbook.web.catalog.pages.catalog_page import Page
    from rollbook.web.catalog.pages.page_frame import PageFrame
    from rollbook.web.catalog.site.site_folder import SiteFolder

# A trail of more events is verified in another process meanwhile.
_LONG_TRAIL = 2_000
# Below so many versions to write, another process costs more than it saves.
_WORTHWHILE = 400


@dataclass(frozen=True, slots=True)
class BuiltSite:
    """A site that was built: of which commit, how many pages it has, how many files were written and removed,
    and the dates of the catalogs of the past beside it."""

    commit: str | None
    pages: int
    written: int
    removed: int
    as_of: tuple[str, ...] = ()


def build_site(
    registry: Registry,
    directory: Path,
    *,
    title: str = "",
    as_of: Sequence[str] = (),
    at: str = "",
    whole: bool = False,
    progress: Progress = quiet,
) -> BuiltSite:
    """Write the site of a registry to `directory`: all of it, or what changed since the last build there;
    with `whole` all of it anyway.

    `title` is said in the place of the registry's name. `as_of` are dates of which catalogs stand beside it,
    at `as-of/DATE/`; `at` is the date that the registry itself is read at, where it is of the past. Raises
    Refused when the folder holds something else, BadCall for no date, NotFound for one before the first
    commit.
    """
    registry.require()
    dates = tuple(dict.fromkeys(as_of))
    for date in dates:
        if "/" in date or date.startswith("."):
            raise BadCall(f"{date!r} is no date", hint="Give one as 2026-03-01.")
        parse_moment(date)
    frame = page_frame(registry, at)
    frame = replace(frame, registry_name=title or frame.registry_name)
    past = [(date, _then(registry, date)) for date in dates]
    events = _events(registry)
    with verified_meanwhile(registry.repository, is_long=len(events) > _LONG_TRAIL) as trail:
        with locked_site(directory) as folder:
            now = replace(frame, dates=dates)
            built = _Build(folder, registry, now, events, trail, progress, whole=whole).run(dates)
        for date, commit in past:
            snapshot = commit_snapshot(registry.repository, commit)
            then = replace(frame, commit=commit, as_of=date, now="../../")
            with (
                type(registry)(registry.repository, snapshot) as old,
                locked_site(folder_of_date(directory, date)) as folder,
            ):
                _Build(folder, old, then, _events(old), trail, progress, whole=whole).run(())
    return built


def _events(registry: Registry) -> list[RecordedTag]:
    return [*each_event(registry.repository, registry.snapshot.commit or "HEAD")]


def _then(registry: Registry, date: str) -> str:
    repository = registry.repository
    return commit_at(repository, main_commit(repository), parse_moment(date), called=main_branch(repository))


class _Build:
    """One build of one folder."""

    def __init__(
        self,
        folder: SiteFolder,
        registry: Registry,
        frame: PageFrame,
        events: Sequence[RecordedTag],
        trail: Callable[[], TrailStanding],
        progress: Progress,
        *,
        whole: bool,
    ) -> None:
        self.folder = folder
        self.registry = registry
        self.frame = frame
        self.events = events
        self.trail = trail
        self.progress = progress
        before = folder.begin()
        self.before = noted({} if whole else before)
        self.sizes = folder.sizes(self.before.every_file())
        self.map = SiteMap(registry, frame, events=self.events)
        self.written = 0

    def run(self, dates: Sequence[str]) -> BuiltSite:
        facts = self.map.facts
        shared = shared_inputs(facts)
        if shared != self.before.shared:
            self.before = SiteNotes()
        names = model_names(self.registry.snapshot)
        others = self._files(every_asset())
        models = self._models(names)
        summaries = [models[name].summary for name in names]
        judged_at = self._judged_at()
        known = self._known_gates(models, judged_at)
        self.map = SiteMap(self.registry, self.frame, summaries, known, self.events, self.trail)
        self.map.__dict__["facts"] = facts  # found already
        others |= self._files(search_files(models[name].entry for name in names))
        others |= self._pages(chain(data_set_pages(facts), self.map.pages_of_all()))
        self.folder.keep_dates(dates)
        gates = self.map.overview.gates or {}
        models = {
            name: replace(note, gates=gates[name] if name in gates and gates[name].is_settled else None)
            for name, note in models.items()
        }
        notes = SiteNotes(shared, models, others, judged_at)
        files = {*notes.every_file()}
        removed = self.folder.remove(file for file in self.sizes if file not in files)
        self.folder.end(notes.told())
        count = sum(file.endswith(".html") for file in files)
        return BuiltSite(self.registry.snapshot.commit, count, self.written, removed, tuple(dates))

    def _judged_at(self) -> str:
        """Return main's commit where it is that of the site, so that gates judge the files that are noted."""
        facts, commit = self.map.facts, self.registry.snapshot.commit
        is_main = facts.are_gates_judged and commit == main_commit(self.registry.repository)
        return commit if is_main and commit else ""

    def _known_gates(self, models: Mapping[str, ModelNotes], judged_at: str) -> dict[str, GatesToday]:
        """Return what gates say of the models that did not change, while main leads on from where they
        judged: what was approved on which occasion follows from its history."""
        before = self.before.judged_at
        if not (before and judged_at and is_first_parent(self.registry.repository, before, judged_at)):
            return {}
        return {name: note.gates for name, note in models.items() if note.gates is not None}

    def _files(self, contents: Mapping[str, bytes]) -> dict[str, Any]:
        """Write those files that changed; return what is noted of all."""
        for path, content in contents.items():
            self._put(path, content)
        return {path: ["", len(content)] for path, content in contents.items()}

    def _put(self, path: str, content: bytes) -> None:
        if self.sizes.get(path) != len(content) or (self.folder.path / path).read_bytes() != content:
            self.folder.write(path, content)
            self.written += 1

    def _is_there(self, files: Mapping[str, int]) -> bool:
        return bool(files) and all(self.sizes.get(file) == size for file, size in files.items())

    def _models(self, names: Sequence[str]) -> dict[str, ModelNotes]:
        """Write the pages of the models that changed; return what is noted of all."""
        inputs = model_inputs(self.map.facts, names)
        known = {
            name: note
            for name, note in self.before.models.items()
            if note.inputs == inputs.get(name) and self._is_there(note.files)
        }
        rest = [name for name in names if name not in known]
        begin(self.progress, "pages of models", len(rest))
        for name, files in self._written(rest):
            known[name] = ModelNotes.of(self.registry, name, inputs[name], files)
            self.written += len(files)
            self.progress(1)
        return {name: known[name] for name in names}

    def _written(self, models: Sequence[str]) -> Iterator[tuple[str, dict[str, int]]]:
        snapshot = self.registry.snapshot
        versions = sum(len(self.map.facts.references_of(model)) for model in models)
        if versions < _WORTHWHILE or not isinstance(snapshot, TreeSnapshot) or snapshot.commit is None:
            for model in models:
                yield model, write_model(self.map.facts, self.folder.path, model)
            return
        context = {
            "repository": str(self.registry.repository.directory),
            "commit": snapshot.commit,
            "folder": str(self.folder.path.resolve()),
            "frame": asdict(self.map.facts.frame),
        }
        yield from spread(write_share, context, models, processors())

    def _pages(self, pages: Iterable[Page]) -> dict[str, Any]:
        """Write those pages that changed, home last; return what is noted of them."""
        notes: dict[str, Any] = {}
        home = None
        for page in pages:
            depends = page.inputs() if page.inputs else ""
            note = self.before.others.get(page.file)
            if depends and note and note[0] == depends and self.sizes.get(page.file) == note[1]:
                notes[page.file] = note
            elif page.path == HOME:
                home = page
            else:
                notes[page.file] = [depends, self._made(page)]
        if home is not None:
            notes[home.file] = ["", self._made(home)]
        return notes

    def _made(self, page: Page) -> int:
        content = page.make().encode()
        self._put(page.file, content)
        return len(content)
