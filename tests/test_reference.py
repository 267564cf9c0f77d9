from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rollbook.errors import BadCall
from rollbook.names import (
    LATEST,
    MODEL_NAME,
    STAGE_NAME,
    Reference,
    is_model_name,
    is_stage_name,
    parse_reference,
)

models = st.from_regex(MODEL_NAME, fullmatch=True).filter(is_model_name)
names = st.from_regex(STAGE_NAME, fullmatch=True).filter(is_stage_name)
versions = st.tuples(*[st.integers(0, 99)] * 3, st.sampled_from(["", "-rc.1", "-a-b.0"])).map(
    lambda parts: "{}.{}.{}{}".format(*parts)
)


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("credit-approval@1.2.0", "credit-approval@1.2.0"),
        ("credit-approval@v1.2.0", "credit-approval@1.2.0"),
        ("credit-approval@1_2_0", "credit-approval@1.2.0"),
        ("credit-approval@v1_2_0", "credit-approval@1.2.0"),
        ("credit-approval@1_2_0-rc.1", "credit-approval@1.2.0-rc.1"),
        ("model-credit-approval-v1.2.0", "credit-approval@1.2.0"),
        ("model-credit-approval-v1_2_0", "credit-approval@1.2.0"),
        ("model-credit-approval-v1.2.0-rc.1", "credit-approval@1.2.0-rc.1"),
        ("model-risk/credit-v1.2.0", "risk/credit@1.2.0"),
        ("risk/credit@2.0.0-rc.1", "risk/credit@2.0.0-rc.1"),
        ("credit-approval@production", "credit-approval@production"),
        ("credit-approval#production", "credit-approval@production"),
        ("credit-approval@champion", "credit-approval@champion"),
        ("credit-approval@latest", "credit-approval@latest"),
        ("credit-approval@v1", "credit-approval@v1"),
        ("model-x@1.2.0", "model-x@1.2.0"),
    ],
)
def test_every_accepted_form_has_one_canonical_form(text, canonical):
    assert str(parse_reference(text)) == canonical
    assert parse_reference(text) == parse_reference(canonical)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "@",
        "#",
        "credit-approval",
        "credit-approval@",
        "credit-approval#",
        "@1.2.0",
        "#production",
        "credit-approval@1.2",
        "credit-approval@1.2.0+build",
        "credit-approval@1.2.0.0",
        "credit-approval@01.2.0",
        "credit-approval@1_2.0",
        "credit-approval@1.2.0@x",
        "credit-approval#1.2.0",
        "credit-approval#latest",
        "credit-approval@Production",
        "credit-approval@aliases",
        "credit-approval@ production",
        "credit-approval@1.2.0\n",
        "credit-approval@production\n",
        "../credit@1.2.0",
        "credit/../x@1.2.0",
        "-x@1.2.0",
        "versions@1.2.0",
        "con@1.2.0",
        "cr\u0435dit@1.2.0",
        "credit@1.2.\u0660",
        "model--v1.2.0",
        "model-credit-v1.2",
        "credit-v1.2.0",
        "x" * 300 + "@1.2.0",
        "credit@" + "x" * 300,
        "credit@\x1b[31m",
        "credit#a#b",
    ],
)
def test_anything_else_is_refused_with_a_hint(text):
    with pytest.raises(BadCall) as caught:
        parse_reference(text)
    assert caught.value.hint
    assert len(str(caught.value)) < 300


@given(
    models,
    st.one_of(versions.map(lambda v: {"version": v}), (names | st.just(LATEST)).map(lambda n: {"name": n})),
)
def test_a_printed_reference_parses_to_itself(model, selector):
    reference = Reference(model, **selector)
    if "name" in selector and parse_reference(str(reference)).version:
        return  # a stage called v1_2_0: what looks like a version is one
    assert parse_reference(str(reference)) == reference


@given(st.text(max_size=20) | st.from_regex(r"[a-z/-]{0,8}[@#]?v?[0-9._a-z-]{0,10}", fullmatch=True))
def test_whatever_parses_prints_a_form_that_parses_to_the_same(text):
    try:
        reference = parse_reference(text)
    except BadCall:
        return
    assert parse_reference(str(reference)) == reference
    assert (reference.version is None) != (reference.name is None)
