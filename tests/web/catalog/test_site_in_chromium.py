"""The site in a real browser: what every page promises to readers, whatever it tells them."""

from __future__ import annotations

import gzip
import os
import shutil
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urldefrag, urljoin, urlsplit

import pytest

from building.once import made_once
from web.catalog.site_to_browse import built

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Page

AXE = Path(__file__).parent / "vendor" / "axe.min.js"
WIDTHS = (360, 768, 1280)
# Words that go on in the next line. Outside of code, and of what nobody could show in one line of a phone.
BROKEN_WORDS = r"""() => {
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT), broken = [];
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    if (node.parentElement.closest("code, pre, script, svg, .unseen, [hidden]")) continue;
    for (const found of node.data.matchAll(/(?<=^|\s)[A-Za-z]{2,24}(?=[.,:;]?(?:$|\s))/g)) {
      const range = document.createRange();
      range.setStart(node, found.index);
      range.setEnd(node, found.index + found[0].length);
      const lines = new Set([...range.getClientRects()].map((box) => Math.round(box.top)));
      if (lines.size > 1) broken.push(found[0]);
    }
  }
  return broken;
}"""
REACHABLE = """() => [...document.querySelectorAll("a[href], button, input, summary, select, [tabindex='0']")]
  .filter((one) => one.checkVisibility({visibilityProperty: true}) && !one.disabled).length"""
FOCUSED = """() => {
  const one = document.activeElement;
  if (!one || one === document.body) return null;
  window.reached ??= new Set();
  window.reached.add(one);
  const style = getComputedStyle(one), node = one.querySelector("rect");
  const seen = style.outlineStyle !== "none" || (node && getComputedStyle(node).strokeWidth === "4px");
  return {count: window.reached.size, seen: Boolean(seen),
          what: one.outerHTML.slice(0, 120)};
}"""


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return made_once(tmp_path_factory, "site-to-browse", built) / "site"


@pytest.fixture(scope="module")
def address(site: Path) -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=str(site)))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if chromium is None:
        pytest.skip("no Chromium here")
    playwright = pytest.importorskip("playwright.sync_api")
    options = ["--no-sandbox"] if os.geteuid() == 0 else []
    with playwright.sync_playwright() as started:
        opened = started.chromium.launch(executable_path=chromium, args=options)
        yield opened
        opened.close()


class Tab:
    """A page in the browser, and what it did that nobody wants."""

    def __init__(self, page: Page, address: str) -> None:
        self.page = page
        self.address = address
        self.said: list[str] = []
        page.on("console", lambda message: self.said.append(f"{page.url}: {message.text}"))
        page.on("pageerror", lambda error: self.said.append(f"{page.url}: {error}"))
        page.on("dialog", lambda dialog: (self.said.append(f"{page.url}: a dialog"), dialog.dismiss()))
        page.on("request", lambda request: self._asked(request.url))
        page.on("requestfailed", lambda request: self.said.append(f"{page.url}: no {request.url}"))

    def _asked(self, url: str) -> None:
        if not url.startswith((self.address, "data:")):
            self.said.append(f"{self.page.url}: asked {url}")

    def open(self, path: str) -> Page:
        self.page.goto(f"{self.address}{path}")
        return self.page


@pytest.fixture(scope="module")
def tab(browser: Browser, address: str) -> Tab:
    return Tab(browser.new_context().new_page(), address)


KINDS = {
    "home": "credit/",
    "past": "credit/as-of/2026-01-20/",
    "search": "credit/search/?q=credit",
    "lists": "credit/by/",
    "requests": "credit/requests/",
    "audit": "credit/audit/",
    "model": "credit/models/risk/credit-approval/",
    "version": "credit/models/risk/credit-approval/1.0.0/",
    "compare": "credit/models/risk/credit-approval/compare/",
    "data-sets": "credit/data/",
    "long-name": "credit/models/price-of-a-very-long-name-that-goes-on-and-on-in-europe/",
    "hostile-home": "hostile/",
    "hostile-model": "hostile/models/hostile/",
    "hostile-version": "hostile/models/hostile/1.0.0/",
    "hostile-audit": "hostile/audit/",
}


@pytest.mark.parametrize("kind", KINDS)
def test_a_page_fits_every_width_and_theme_and_is_for_everybody(tab: Tab, kind: str) -> None:
    tab.said.clear()
    page = tab.open(KINDS[kind])
    problems: list[Any] = []
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 900})
        wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        if wide > 0:
            problems.append(f"{width}: {wide} px too wide")
        problems += [f"{width}: {word} is broken" for word in page.evaluate(BROKEN_WORDS)]
    page.evaluate(AXE.read_text())
    for theme in ("light", "dark"):
        page.emulate_media(color_scheme=theme)
        found = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
        problems += [
            f"{theme}: {one['id']}: {[node['html'][:150] for node in one['nodes'][:3]]}"
            for one in found["violations"]
        ]
    assert page.evaluate("window.pwned") is None
    assert problems == []
    assert tab.said == []


@pytest.mark.parametrize("kind", ["home", "model", "version", "compare"])
def test_the_keyboard_alone_reaches_everything_and_shows_where_it_is(tab: Tab, kind: str) -> None:
    page = tab.open(KINDS[kind])
    wanted = page.evaluate(REACHABLE)
    reached, unseen = 0, []
    for _ in range(wanted + 5):
        page.keyboard.press("Tab")
        focused = page.evaluate(FOCUSED)
        if focused is None:
            break
        reached = focused["count"]
        if not focused["seen"]:
            unseen.append(focused["what"])
    assert unseen == []
    assert reached >= wanted


def test_search_finds_a_version_by_a_word_of_its_model_and_leads_to_it(tab: Tab) -> None:
    tab.said.clear()
    page = tab.open("credit/")
    page.fill("#search", "credit 1.1.0")
    page.wait_for_selector("#found a")
    page.click("#found a")
    assert page.url == f"{tab.address}credit/models/risk/credit-approval/1.1.0/"
    assert tab.said == []


def test_without_scripts_every_page_reads_the_same(browser: Browser, address: str) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    for kind in ("home", "model", "version", "compare", "audit"):
        page.goto(f"{address}{KINDS[kind]}")
        text = page.inner_text("main")
        assert page.inner_text("h1")
        assert len(text) > 150, kind
    context.close()


def test_a_folder_is_read_without_any_host(browser: Browser, site: Path) -> None:
    page = browser.new_context().new_page()
    page.goto((site / "credit" / "index.html").as_uri())
    page.click("main a:has-text('credit-approval')")
    assert page.url.startswith((site / "credit" / "models" / "risk" / "credit-approval").as_uri())
    assert "credit-approval" in page.inner_text("h1")


def test_every_link_leads_to_a_page_and_a_place_that_are_there(site: Path) -> None:
    pages = {path.relative_to(site).as_posix(): path.read_text() for path in site.rglob("*.html")}
    assert len(pages) > 40
    lost = []
    for name, text in pages.items():
        for target in _targets(text):
            if urlsplit(target).scheme in ("http", "https", "mailto"):
                continue
            path, fragment = urldefrag(urljoin(f"http://site/{name}", target))
            file = site / urlsplit(path).path.lstrip("/")
            file = file / "index.html" if path.endswith("/") else file
            if not file.is_file() or (fragment and f'id="{fragment}"' not in file.read_text()):
                lost.append(f"{name}: {target}")
    assert lost == []


def _targets(html: str) -> list[str]:
    from html.parser import HTMLParser

    found: list[str] = []

    class Reader(HTMLParser):
        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            assert not any(name.startswith("on") or name == "style" for name, _ in attrs), (tag, attrs)
            found.extend(value for name, value in attrs if name in ("href", "src", "action") and value)

    Reader().feed(html)
    return found


def test_the_first_page_and_all_that_it_loads_are_light(site: Path) -> None:
    home = site / "credit" / "index.html"
    loaded = [
        home,
        *(site / "credit" / target for target in _targets(home.read_text()) if "assets/" in target),
    ]
    assert sum(len(gzip.compress(file.read_bytes())) for file in loaded) <= 100_000
