"""Settings that several kinds of sources have, and how they are read."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from rollbook.check.gates.gate import setting
from rollbook.errors import BadCall, InvalidFile
from rollbook.git.address import require_safe
from rollbook.integrations.monitor.question import SourceFailed
from rollbook.layout import POLICY
from rollbook.records.fields import Fields

if TYPE_CHECKING:
    from rollbook.records.monitoring import SourceSettings

_SECONDS, _LONGEST = 60.0, 3600.0
TIME_LIMIT: dict[str, Any] = setting(
    "Time limit",
    "After how many seconds it counts as down; 60 unless set.",
    30,
    type="number",
    minimum=0.1,
    maximum=_LONGEST,
)
URL: dict[str, Any] = {
    "type": "string",
    "maxLength": 2000,
    "pattern": "^https?://[!-~]+$",
}
TOKEN_ENV: dict[str, Any] = setting(
    "Token's variable",
    "The environment variable that holds the bearer token.",
    "ROLLBOOK_METRICS_TOKEN",
    type="string",
    maxLength=100,
    pattern="^[A-Z][A-Z0-9_]*$",
)


def source_fields(settings: SourceSettings) -> Fields:
    """Return a source's settings, to be read one by one."""
    return Fields(settings.settings, POLICY, f"monitoring.sources.{settings.name}")


def seconds_of(fields: Fields) -> float:
    """Return how many seconds a source may take. Raises InvalidFile for a limit that is none."""
    limit = fields.optional_number("time_limit")
    limit = _SECONDS if limit is None else limit
    if not 0 < limit <= _LONGEST:
        message = f"the time limit must be between 0 and {_LONGEST:g} seconds"
        raise fields.fault("time_limit", message)
    return limit


def url_of(fields: Fields) -> str:
    """Return the address that is asked, without what is to be filled in yet. Raises InvalidFile for one that
    is not safe, or whose host is to be filled in."""
    url = fields.text("url")
    key = fields.key_of("url")
    try:
        require_safe(url)
    except BadCall as error:
        raise InvalidFile(str(error), path=POLICY, key=key, hint=error.hint) from error
    if "{" in url.split("/")[2]:
        raise InvalidFile("nothing is filled in a host", path=POLICY, key=key, hint="Write the host out.")
    return url


def authorisation(fields: Fields) -> dict[str, str]:
    """Return the header with the bearer token, empty where none is named. Raises SourceFailed where the
    variable holds none."""
    name = fields.optional_text("token_env")
    if not name:
        return {}
    token = os.environ.get(name, "").strip()
    if not token or not token.isascii() or not token.isprintable():
        raise SourceFailed(f"{name[:100]} holds no token", hint="Set it where the monitor runs.")
    return {"Authorization": f"Bearer {token}"}
