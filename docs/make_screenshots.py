"""`python docs/make_screenshots.py [REGISTRY]`: the pictures of the catalog in `docs/images/`.

Without a registry it plays `rollbook demo` first. Needs Chromium, and Playwright for Python (the extra
`test`).
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

from playwright.sync_api import sync_playwright

from rollbook import Registry
from rollbook.web.catalog.pages.page_paths import compare_page_path, model_page_path, version_page_path
from rollbook.web.catalog.site.site_build import build_site

IMAGES = Path(__file__).parent / "images"
WIDTH, HEIGHT = 1280, 800


def main() -> None:
    """Build the catalog of a registry, and take a picture of five of its pages."""
    with tempfile.TemporaryDirectory() as scratch:
        place = Path(sys.argv[1]) if len(sys.argv) > 1 else demo(Path(scratch) / "demo")
        with Registry.open(place) as registry:
            build_site(registry, Path(scratch) / "site", title="Model registry")
            pages = pages_to_show(registry)
        handler = partial(SimpleHTTPRequestHandler, directory=str(Path(scratch) / "site"))
        server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        Thread(target=server.serve_forever, daemon=True).start()
        take(f"http://127.0.0.1:{server.server_port}/", pages)
        server.shutdown()


def demo(directory: Path) -> Path:
    """Play the demo, and return its registry."""
    subprocess.run([sys.executable, "-m", "rollbook", "demo", str(directory)], check=True)
    return directory / "registry"


def pages_to_show(registry: Registry) -> dict[str, str]:
    """Return the pages by the names of their pictures: of the model with most versions, and of its version in
    production or else its newest."""
    model = max(registry.models(), key=lambda one: len(one.version_names))
    held = [entry.version for entry in model.stages.holders("production")]
    version = held[0] if held else model.version_names[-1]
    return {
        "home": "",
        "model": model_page_path(model.name),
        "version": version_page_path(model.name, version),
        "compare": compare_page_path(model.name),
        "audit": "audit/",
    }


def take(address: str, pages: dict[str, str]) -> None:
    """Write a picture of each page, in light colours."""
    IMAGES.mkdir(exist_ok=True)
    chromium = shutil.which("chromium")
    arguments = ["--no-sandbox"] if os.geteuid() == 0 else []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=arguments)
        page = browser.new_page(viewport={"width": WIDTH, "height": HEIGHT}, color_scheme="light")
        for name, path in pages.items():
            page.goto(f"{address}{path}")
            page.screenshot(path=IMAGES / f"catalog-{name}.png")
            make_small(IMAGES / f"catalog-{name}.png")
        browser.close()


def make_small(image: Path) -> None:
    """Keep 128 colours of a picture, which is enough for text and surfaces."""
    from PIL import Image

    with Image.open(image) as opened:
        opened.convert("RGB").quantize(128).save(image, optimize=True)


if __name__ == "__main__":
    main()
