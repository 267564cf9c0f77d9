"""The report on production as one page: each check over time, the episodes, the moves, the states."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rollbook import layout
from rollbook.errors import BadCall
from rollbook.insight.plain_page import Html, boxed_table, fact_list, page, shown
from rollbook.integrations.monitor.replay.replay_period import span_text
from rollbook.integrations.monitor.report.check_panel import panels_of
from rollbook.integrations.monitor.report.check_plot import VERSION_COLOURS, picture
from rollbook.names import moment_text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from rollbook.artifact.progress import Progress
    from rollbook.integrations.monitor.replay.replay_result import PastEpisode, Replay
    from rollbook.integrations.monitor.report.check_panel import Panel

    # Where the forge shows a file of main, by its path; None where it doesn't.
    Address = Callable[[str], str | None]

_MOST_PANELS, _MOST_ROWS = 200, 1000
_KEY = """\
<p class="key"><span><i class="line"></i>bound of a breach</span>
<span><i class="line warns"></i>bound of a warning</span>
<span><i class="line base"></i>what it is held against</span>
<span><i class="fill"></i>in breach</span><span><i class="fill warns"></i>warning</span>
<span><i class="fill unknown"></i>unknown</span><span><i class="move"></i>a version came into the stage</span>
<span><i class="move back"></i>it came back</span></p>
"""
_STYLE = """\
:root { --faint: var(--line); --breach: var(--bad); --warning: #b7791f; --unknown: var(--muted);
  --v0: #0969da; --v1: #c2410c; --v2: #1a7f37; --v3: #8250df; --v4: #0e7490; --v5: #a0326f; }
@media (prefers-color-scheme: dark) { :root { --warning: #e3b341; --v0: #58a6ff; --v1: #ffa657;
  --v2: #56d364; --v3: #bc8cff; --v4: #39c5cf; --v5: #ff9bce; } }
td:first-child { white-space: nowrap; } td { min-width: 5.5rem; }
h3 { margin: 2rem 0 0; } h3 + p { margin: .1rem 0 .4rem; color: var(--unknown); }
figure { margin: 0; overflow-x: auto; } svg { width: 100%; min-width: 44rem; height: auto; }
svg text { font-family: system-ui, sans-serif !important; }
figcaption, .key { font-size: .87rem; display: flex; flex-wrap: wrap; gap: .1rem 1.2rem; }
i { display: inline-block; width: 1.3rem; margin-right: .4rem; vertical-align: middle;
  border-top: 2px solid var(--ink); }
i.line { border-top: 2px dashed var(--breach); } i.line.warns { border-color: var(--warning); }
i.line.base { border-top: 2px dotted var(--ink); }
i.fill { height: .8rem; border: 0; background: var(--breach); opacity: .35; }
i.fill.warns { background: var(--warning); }
i.fill.unknown { background: repeating-linear-gradient(135deg, var(--unknown) 0 1px, transparent 1px 5px);
  opacity: .8; }
i.move { width: 0; height: 1rem; border: 0; border-left: 2px solid var(--ink); margin-left: .6rem; }
i.move.back { border-left-style: dotted; }
"""


def monitor_page(replay: Replay, address: Address, progress: Progress) -> str:
    """Render what a replay found as a whole page, which needs nothing else. The same replay gives the same
    page. Raises BadCall without matplotlib, and for more plots than a page can take."""
    panels = panels_of(replay)
    if len(panels) > _MOST_PANELS:
        message = f"{len(panels)} plots are too many for a page: {_MOST_PANELS} are the most"
        raise BadCall(message, hint="Name one MODEL.")
    anchors = {
        (panel.model, panel.settings.name): f"check-{number}" for number, panel in enumerate(panels, 1)
    }
    plots = []
    for number, panel in enumerate(panels, 1):
        plots.append(_plot(panel, number))
        progress(1)
    body = [fact_list(_facts(replay)), "<h2>Checks over time</h2>\n"]
    body += [_KEY, *plots] if plots else ["<p>Nothing was monitored then.</p>\n"]
    body += [_episodes(replay, anchors, address), _moves(replay), _states(replay)]
    body += ["<h2>How to read it</h2>\n", *(f"<p>{shown(note)}.</p>\n" for note in replay.notes)]
    return page("Production, as the monitor sees it", "".join(body), _STYLE)


def _facts(replay: Replay) -> list[tuple[str, str]]:
    lasting = sum(past.episode.ended is None for past in replay.episodes)
    return [
        ("Period", str(replay.period)),
        ("Looked at", f"{replay.steps} times, every {span_text(replay.step)}"),
        ("Checks", f"those of {replay.policy}, as they are now"),
        ("Main", replay.commit),
        ("Models", ", ".join(sorted({track.model for track in replay.tracks})) or "none"),
        ("Episodes", f"{len(replay.episodes)}, of which {lasting} last at the end"),
    ]


def _plot(panel: Panel, number: int) -> str:
    settings = panel.settings
    said = [f"{settings.kind} of {settings.source}, over {span_text(settings.window)}"]
    said += [f"asked: {panel.bound_text}"] if panel.bound_text else []
    title = f"{panel.model}: {settings.name}"
    versions = "".join(
        f'<span><i style="border-color:var(--v{place % VERSION_COLOURS})"></i>{shown(track.version)}: '
        f"{shown(_share_text(track.shares))}</span>"
        for place, track in enumerate(panel.tracks)
    )
    return (
        f'<section id="check-{number}">\n<h3>{shown(title)}</h3>\n<p>{shown("; ".join(said))}</p>\n'
        f'<figure role="img" aria-label="{shown(title)} over time">\n{picture(panel, number)}'
        f"<figcaption>{versions}</figcaption>\n</figure>\n</section>\n"
    )


def _share_text(shares: dict[str, float]) -> str:
    return ", ".join(f"{state} {share:.1%}" for state, share in shares.items() if share)


def _episodes(replay: Replay, anchors: dict[tuple[str, str], str], address: Address) -> str:
    title = "<h2>Episodes</h2>\n"
    if not replay.episodes:
        return f"{title}<p>None: no check was in breach.</p>\n"
    columns = ["from", "until", "version", "checks", "what the monitor would have done", "evidence on main"]
    return title + _bounded(
        columns,
        [
            [
                moment_text(past.episode.started),
                _until(past),
                f"{past.episode.model}@{past.episode.version}",
                _linked((name, f"#{anchors[past.episode.model, name]}") for name in past.episode.checks),
                "; ".join(deed.says for deed in past.deeds) or "nothing",
                _linked((name, address(_path(past, name))) for name in past.evidence),
            ]
            for past in replay.episodes
        ],
    )


def _until(past: PastEpisode) -> str:
    episode = past.episode
    if episode.ended is None:
        return "it lasts"
    return f"{moment_text(episode.ended)}{f': {episode.because}' if episode.because else ''}"


def _path(past: PastEpisode, name: str) -> str:
    return f"{layout.evidence_directory(past.episode.model, past.episode.version)}/{name}.yaml"


def _linked(named: Iterable[tuple[str, str | None]]) -> Html:
    """Return texts with a link each, where there is one."""
    return Html(
        ", ".join(
            f'<a href="{shown(target)}" rel="noreferrer">{shown(text)}</a>' if target else shown(text)
            for text, target in named
        )
        or "none"
    )


def _moves(replay: Replay) -> str:
    if not replay.moves:
        return ""
    rows = [
        [moment_text(move.at), f"{move.model}@{move.version}", move.stage, "again" if move.is_return else ""]
        for move in replay.moves
    ]
    return "<h2>Promotions and rollbacks</h2>\n" + _bounded(
        ["at", "version", "came into", "it was there"], rows
    )


def _states(replay: Replay) -> str:
    if not replay.tracks:
        return ""
    columns = ["version", "check", "ok", "warning", "breach", "unknown", "breaches", "flaps", "changes"]
    rows = [
        [
            f"{track.model}@{track.version}",
            track.settings.name,
            *(f"{share:.1%}" for share in track.shares.values()),
            *map(str, (track.breaches, track.flaps, track.changes)),
        ]
        for track in replay.tracks
    ]
    return "<h2>Share of the time in each state</h2>\n" + _bounded(columns, rows)


def _bounded(columns: Sequence[str], rows: Sequence[Sequence[str | Html]]) -> str:
    left_out = len(rows) - _MOST_ROWS
    more = f"<p>{left_out} more are left out: take a shorter period.</p>\n" if left_out > 0 else ""
    return boxed_table(columns, rows[:_MOST_ROWS]) + more
