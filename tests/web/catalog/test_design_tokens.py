"""The colours of the design system: readable in both themes, as WCAG 2.2 computes it."""

from __future__ import annotations

import re
from importlib.resources import files

import pytest

from rollbook.web.catalog.catalog_assets import every_asset

STYLE = files("rollbook.insight").joinpath("page.css").read_text()
CATALOG = files("rollbook.web.catalog").joinpath("assets/catalog.css").read_text()
# What is written on what (1.4.3: 4.5 to 1), and what is seen beside what (1.4.11: 3 to 1).
WRITTEN = [
    *((ink, ground) for ink in ("ink", "muted", "link") for ground in ("paper", "surface")),
    *((tone, f"{tone}-soft") for tone in ("good", "warn", "bad", "quiet", "accent")),
    ("ink", "accent-soft"),
    ("muted", "accent-soft"),
]
SEEN = [("edge", "paper"), ("focus", "paper"), ("focus", "surface")]


def colours(theme: str) -> dict[str, str]:
    """The tokens of a theme: dark ones replace those of the light one."""
    light, dark = STYLE.split("@media (prefers-color-scheme: dark)", 1)
    dark = dark[: dark.index("*, ::before")]
    told = [light] if theme == "light" else [light, dark]
    return {name: value for text in told for name, value in re.findall(r"--([\w-]+): (#[0-9a-f]{6});", text)}


def luminance(colour: str) -> float:
    """https://www.w3.org/TR/WCAG22/#dfn-relative-luminance"""
    channels = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    red, green, blue = (
        channel / 12.92 if channel <= 0.04045 else ((channel + 0.055) / 1.055) ** 2.4 for channel in channels
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    """https://www.w3.org/TR/WCAG22/#dfn-contrast-ratio"""
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize(("ink", "ground"), WRITTEN)
def test_what_is_written_can_be_read(theme: str, ink: str, ground: str) -> None:
    known = colours(theme)
    assert contrast(known[ink], known[ground]) >= 4.5


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize(("edge", "ground"), SEEN)
def test_where_one_types_and_stands_can_be_seen(theme: str, edge: str, ground: str) -> None:
    known = colours(theme)
    assert contrast(known[edge], known[ground]) >= 3


def test_every_colour_and_size_that_is_used_is_a_token() -> None:
    defined = set(re.findall(r"(--[\w-]+):", STYLE))
    assert set(re.findall(r"var\((--[\w-]+)\)", STYLE + CATALOG)) <= defined
    assert not re.findall(r"#[0-9a-fA-F]{3,8}\b", CATALOG)


def test_styles_and_scripts_ask_nobody_else() -> None:
    own = {path: content for path, content in every_asset().items() if "vendor/" not in path}
    assert not [
        path for path, content in own.items() if re.search(rb"@import|url\(|https?://(?!www\.w3)", content)
    ]


def test_an_asset_is_named_after_its_content() -> None:
    names = [*every_asset()]
    assert all(re.fullmatch(r"assets/[\w./-]+-[0-9a-f]{12}\.\w+", name) for name in names)
