"""Whatever a stranger writes is shown as text on the pages of models, versions and data sets."""

from __future__ import annotations

from urllib.parse import unquote

from hypothesis import example, given, settings
from hypothesis import strategies as st

from building.memory import registry_of
from rollbook.web.catalog.facts.catalog_facts import catalog_facts
from rollbook.web.catalog.pages.page_paths import DATA_SETS, data_set_page_path
from rollbook.web.catalog.pages.record_pages import data_set_pages, pages_of_model
from web.catalog.reading_pages import read_page

# What YAML can hold and a reader of the registry takes as a text.
TEXTS = st.text(
    st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), min_size=1, max_size=40
).filter(str.strip)
ATTACKS = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "javascript:alert(1)",
    "https://example.com/\u202egpj.exe",
    "{{ 7 * 7 }}",
    "../../../etc/passwd",
    "</title></svg><script>1</script>",
)
_SCHEMES = ("../", "./", "#", "https://", "http://", "mailto:")


@settings(max_examples=25)
@given(TEXTS, TEXTS)
@example(ATTACKS[0], ATTACKS[1])
@example(ATTACKS[2], ATTACKS[3])
@example(ATTACKS[6], ATTACKS[2])
@example(ATTACKS[4], ATTACKS[5])
def test_no_text_becomes_an_element_an_address_or_an_event(text: str, other: str) -> None:
    told = {
        "description": text,
        "algorithm": other,
        "created_by": text,
        "metrics": {"auc": 0.5},
        "hyperparameters": {"name": text, "inner": {"name": other}},
        "lineage": {
            "data": [{"name": text, "version": other, "uri": other}],
            "code": {"commit": "a" * 40, "repository": text},
            "run": {"tool": text, "id": other, "uri": text},
            "parents": [other, "m@1.0.0"],
        },
        "signature": {"inputs": [{"name": text, "dtype": other, "shape": [-1]}]},
        "limitations": [text],
        "tags": {"tag": text},
    }
    card = {"registry/m/versions/1.1.0/card.md": f"# {text}\n\n[{other}]({text})\n\n{other}\n"}
    facts = catalog_facts(registry_of({"m@1.0.0": {}, "m@1.1.0": told}, more=card))
    pages = [*pages_of_model(facts, "m"), *data_set_pages(facts)]
    known = {page.path for page in pages} | {"", "data/", "requests/", "audit/", "search/"}
    for page in pages:
        if page.path.endswith(".json"):
            continue
        read = read_page(page.make())
        scripts = [attributes.get("src", "") for attributes in read.of("script")]
        assert all("assets/" in source and source.startswith("../") for source in scripts)
        assert not read.of("img")
        assert not read.of("iframe")
        for _, attributes in read.elements:
            assert not any(name.startswith("on") or name in ("style", "srcdoc") for name in attributes)
        assert all(address.lower().startswith(_SCHEMES) for address in read.links)
        assert read.text.isprintable()
        root = "../" * page.path.count("/")
        inside = {address.removeprefix(root) for address in read.links if address.startswith("../")}
        assert inside <= known


@given(st.text(max_size=200), st.text(max_size=200))
@example("a b", "a-b")
@example("s3://data/set", "s3:/data/set")
@example("Daten", "daten")
@example("..", "../..")
@example("\ud800", "?")
def test_each_name_of_a_data_set_has_a_safe_path_of_its_own(name: str, other: str) -> None:
    path = data_set_page_path(name)
    folder = path.removeprefix(DATA_SETS).removesuffix("/")
    assert folder.isascii()
    assert folder.replace("-", "").isalnum()
    assert folder == folder.lower()
    assert len(folder) <= 64
    assert unquote(path) == path
    assert (path == data_set_page_path(other)) == (name == other)
