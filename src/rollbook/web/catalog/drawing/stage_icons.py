"""The icons of stages and states: each a shape of its own, so that nothing is told by colour alone."""

from __future__ import annotations

from functools import cache

from markupsafe import Markup

# Drawn on 16 x 16 in the colour of the text beside them.
_RING = '<circle cx="8" cy="8" r="6" fill="none" stroke="currentColor" stroke-width="1.6"'
_BOX = '<path d="M2 3h12v3H2zM3 7.5h10V13H3z" fill="none" stroke="currentColor" stroke-width="1.5"/>'
_SHAPES = {
    "dashed": f'{_RING} stroke-dasharray="2.6 2.1"/>',
    "half": f'{_RING}/><path d="M8 2a6 6 0 0 1 0 12z" fill="currentColor"/>',
    "slice": f'{_RING}/><path d="M8 8V2a6 6 0 0 1 6 6z" fill="currentColor"/>',
    "check": '<path fill-rule="evenodd" fill="currentColor" d="M8 1.2a6.8 6.8 0 1 0 0 13.6A6.8 6.8 0 0 0 8'
    ' 1.2zm3.9 4.9-4.6 5.2-3-2.9 1.2-1.2 1.7 1.7 3.5-3.9z"/>',
    "triangle": '<path d="M8 2 15 14H1z" fill="none" stroke="currentColor" stroke-width="1.5" '
    'stroke-linejoin="round"/><path d="M7.2 6h1.6v4H7.2zm0 5h1.6v1.5H7.2z" fill="currentColor"/>',
    "box": f'{_BOX}<path d="M6 9.2h4v1.4H6z" fill="currentColor"/>',
    "diamond": '<path d="M8 1.8 14.2 8 8 14.2 1.8 8z" fill="none" stroke="currentColor" stroke-width="1.5"/>',
    "cross": '<path fill-rule="evenodd" fill="currentColor" d="M5.2 1.2h5.6l4 4v5.6l-4 4H5.2l-4-4V5.2z'
    'm.9 3.7L4.9 6.1 6.8 8l-1.9 1.9 1.2 1.2L8 9.2l1.9 1.9 1.2-1.2L9.2 8l1.9-1.9-1.2-1.2L8 6.8z"/>',
    "question": f'{_RING}/><path d="M6 6.4a2 2 0 1 1 2.8 1.8c-.5.2-.8.6-.8 1.2M7.2 10.6h1.6v1.6H7.2z" '
    'fill="none" stroke="currentColor" stroke-width="1.3"/>',
    "clock": f'{_RING}/><path d="M8 4.5V8l2.4 1.6" fill="none" stroke="currentColor" stroke-width="1.4"/>',
}
# Stages by the names that policies give them, folded: their shape, and the tone of their badge.
_STAGES = {
    "development": ("dashed", "quiet"),
    "none": ("dashed", "quiet"),
    "staging": ("half", "accent"),
    "canary": ("slice", "accent"),
    "production": ("check", "good"),
    "deprecated": ("triangle", "warn"),
    "archived": ("box", "quiet"),
}
# States, of gates, checks, trails and requests.
_STATES = {
    "good": ("check", "good"),
    "waits": ("clock", "accent"),
    "warn": ("triangle", "warn"),
    "bad": ("cross", "bad"),
    "unknown": ("question", "quiet"),
}


def stage_icon(stage: str) -> tuple[Markup, str]:
    """Return a stage's icon, and the tone of its badge; a diamond for a stage of a policy's own."""
    shape, tone = _STAGES.get(stage.casefold(), ("diamond", "accent"))
    return _icon(shape), tone


def state_icon(state: str) -> tuple[Markup, str]:
    """Return the icon and tone of `good`, `waits`, `warn`, `bad` or `unknown`."""
    shape, tone = _STATES[state]
    return _icon(shape), tone


@cache
def _icon(shape: str) -> Markup:
    return Markup(  # noqa: S704 - shapes of this module
        f'<svg class="icon" viewBox="0 0 16 16" width="16" height="16" aria-hidden="true" focusable="false">'
        f"{_SHAPES[shape]}</svg>"
    )
