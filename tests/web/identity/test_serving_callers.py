"""What `rollbook serve` makes of the options that say whom it lets in."""

from __future__ import annotations

from typing import Any

import pytest

from rollbook.cli.serving_callers import identification
from rollbook.errors import BadCall

TOLD: dict[str, Any] = {
    "anonymous": None,
    "tokens": None,
    "oidc_issuer": None,
    "oidc_audience": None,
    "oidc_claim": "email",
    "oidc_clients": (),
}


@pytest.mark.parametrize(
    ("host", "level"),
    [
        ("127.0.0.1", "read"),
        ("::1", "read"),
        ("localhost", "read"),
        (None, "read"),
        ("0.0.0.0", "none"),
        ("::", "none"),
        ("192.0.2.1", "none"),
        ("localhost.example.com", "none"),
        ("", "none"),
    ],
)
def test_anybody_reads_by_default_where_only_this_machine_asks(host: str | None, level: str) -> None:
    assert identification(host=host, **TOLD).anonymous == level


def test_what_is_said_counts_wherever_it_listens() -> None:
    assert identification(host="0.0.0.0", **{**TOLD, "anonymous": "catalog"}).anonymous == "catalog"
    assert (
        "see which models there are"
        in identification(host="127.0.0.1", **{**TOLD, "anonymous": "catalog"}).anonymous.words
    )


@pytest.mark.parametrize("alone", ["oidc_issuer", "oidc_audience"])
def test_a_provider_without_an_audience_is_refused(alone: str) -> None:
    with pytest.raises(BadCall):
        identification(host=None, **{**TOLD, alone: "https://login.example.com"})
