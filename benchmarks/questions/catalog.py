"""Building the catalog's site, and its search in a browser."""

from __future__ import annotations

import shutil
import sys
from dataclasses import replace
from itertools import cycle
from typing import TYPE_CHECKING

from benchmarks.question import Goal, Question
from benchmarks.questions.checking import PARSE, PARSING
from benchmarks.questions.reading import rollbook
from benchmarks.timing import Command, program, run

if TYPE_CHECKING:
    from pathlib import Path

    from benchmarks.place import Place

# What is typed is asked in Chromium, of the engine that the page's own script has made ready.
_SEARCH = """
import functools, http.server, os, shutil, sys, threading
from playwright.sync_api import sync_playwright
class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_): pass
server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=sys.argv[1]))
threading.Thread(target=server.serve_forever, daemon=True).start()
with sync_playwright() as playwright:
    arguments = ["--no-sandbox"] if os.geteuid() == 0 else []
    browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=arguments)
    page = browser.new_page()
    page.goto(f"http://127.0.0.1:{server.server_port}/")
    page.fill("#search", "churn")
    page.wait_for_selector("#found a", timeout=60_000)
    print(page.evaluate('''async () => {
      const box = document.querySelector("#search"), found = document.querySelector("#found"), times = [];
      const words = ["churn", "churn apac", "auc", "fraud 1.2.0", "price production", "credit", "nobody"];
      for (const asked of words) {
        const before = performance.now();
        const shown = new Promise((done) => new MutationObserver((_, one) => { one.disconnect(); done(); })
          .observe(found, {childList: true}));
        box.value = asked;
        box.dispatchEvent(new Event("input"));
        await shown;
        times.push(performance.now() - before);
      }
      return times.sort((one, other) => one - other)[Math.floor(times.length / 2)] / 1000;
    }'''))
    browser.close()
"""


def _site(place: Place) -> Path:
    site = place.root / "site"
    if not site.exists():
        run(place.registry, program("rollbook"), "site", "build", str(site))
    return site


def _whole(place: Place) -> list[Command]:
    site, index = place.root / "site-anew", place.root / "index-anew"

    def prepare() -> None:
        shutil.rmtree(site, ignore_errors=True)
        shutil.rmtree(index, ignore_errors=True)

    place.bring_index()
    ours = rollbook(place, "rollbook site build, all of it", "site", "build", str(site))
    export = rollbook(place, "rollbook export --index, all of it", "export", "--index", str(index))
    floor = Command(PARSING, [[sys.executable, "-c", PARSE]], place.registry, "floor")
    return [replace(ours, prepare=prepare), replace(export, prepare=prepare), floor]


def _next(place: Place) -> list[Command]:
    """Each time main is one version further, or one back."""
    site = _site(place)
    commits = cycle([place.new_commit, place.tip])

    def move() -> None:
        run(place.registry, "git", "update-ref", "refs/heads/main", next(commits))

    place.afterwards(lambda: run(place.registry, "git", "update-ref", "refs/heads/main", place.tip))
    ours = rollbook(place, "rollbook site build, after one version more or less", "site", "build", str(site))
    return [replace(ours, prepare=move)]


def _search(place: Place) -> list[Command]:
    asked = [[sys.executable, "-c", _SEARCH, str(_site(place))]]
    return [Command("what is typed, in Chromium", asked, place.root, tells=True)]


QUESTIONS = (
    Question(
        "site-build", "The catalog's site, all of it", _whole,
        (Goal("v10k", 60),), needs="site build", sizes=("v100", "v1k", "v10k"),
    ),
    Question(
        "site-build-next", "The catalog's site, after one version more or less", _next,
        (Goal("v10k", 2),), needs="site build", sizes=("v100", "v1k", "v10k"),
    ),
    Question(
        "site-search", "The catalog's search, in a browser", _search,
        (Goal("v10k", 0.05),), needs="site build", sizes=("v100", "v1k", "v10k"),
    ),
)  # fmt: skip
