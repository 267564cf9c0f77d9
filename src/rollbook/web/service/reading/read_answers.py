"""What a read goes by, and how it answers: JSON, with what lets whoever has it already ask again for little.

ETag and If-None-Match as in https://www.rfc-editor.org/rfc/rfc9110#name-conditional-requests, Cache-Control
as in https://www.rfc-editor.org/rfc/rfc9111 and https://www.rfc-editor.org/rfc/rfc8246.
"""

from __future__ import annotations

import hashlib
import json
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from fastapi.responses import Response
from starlette.exceptions import HTTPException

from rollbook.api.json_document import document
from rollbook.names import parse_reference, require_model_name
from rollbook.web.identity.caller import EVERY_STAGE

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from fastapi import Request

    from rollbook.api.public_model import Model, ModelVersion
    from rollbook.api.public_registry import Registry
    from rollbook.web.identity.caller import Caller, Right
    from rollbook.web.registries.served_registry import Standing

Route = TypeVar("Route")
JSON = "application/json"
_OFFERED = "offered_media_types"
_FIXED = "max-age=31536000, immutable"
_REVALIDATED = "no-cache"


class Unchanged(Exception):
    """Whoever asks has the answer already."""

    def __init__(self, headers: Mapping[str, str]) -> None:
        super().__init__()
        self.headers = headers


async def unchanged(_: Request, answer: Exception) -> Response:
    """Return that the answer is what it was (304)."""
    assert isinstance(answer, Unchanged)
    return Response(status_code=304, headers=dict(answer.headers))


@dataclass(frozen=True, slots=True)
class Reading:
    """Who reads, what, and by which request. `is_fixed` says that the address itself names a commit, so that
    the answer never changes; `is_live` that more than the commit decides the answer."""

    request: Request
    caller: Caller
    standing: Standing
    is_fixed: bool = False
    is_live: bool = False

    @property
    def registry(self) -> Registry:
        """Return the registry, as of the commit that is read."""
        return self.standing.registry

    def require(self, right: Right, model: str = "", stage: str | None = EVERY_STAGE) -> None:
        """Raise Denied unless the caller has a right, on versions in all stages unless one is told."""
        self.caller.require(right, model, stage)

    def model(self, right: Right, name: str) -> Model:
        """Return a model, of all of whose versions the caller may read. Raises Denied, BadCall for no name,
        NotFound for an unknown one."""
        self.require(right, require_model_name(name))
        return self.registry.model(name)

    def version(self, right: Right, name: str, reference: str) -> ModelVersion:
        """Return a version by itself, a stage, an alias or `latest`. Raises Denied, BadCall for what is no
        reference, NotFound for one that stands for nothing."""
        self.require(right, require_model_name(name), None)
        version = self.registry.version(parse_reference(f"{name}@{reference.removeprefix('@')}"))
        self.require(right, name, version.stage)
        self.request.state.read = {"model": name, "version": version.version}
        return version

    def etag(self, kind: str = "") -> str:
        """Return the ETag of an answer that the commit decides; those of one address differ by their kind."""
        return f'"{self.standing.commit}{kind and "-"}{kind}"'

    def require_changed(self) -> None:
        """Raise Unchanged where the caller has an answer of this commit."""
        asked = self.request.headers.get("if-none-match", "")
        held = {tag.strip().removeprefix("W/") for tag in asked.split(",")}
        for kind in ("", "html", "markdown"):
            if self.etag(kind) in held:
                raise Unchanged(self.headers(self.etag(kind)))

    def headers(self, etag: str) -> dict[str, str]:
        """Return the headers by which caches know what to do with an answer."""
        whose = "private" if self.caller.is_known else "public"
        lasting = _FIXED if self.is_fixed else _REVALIDATED
        return {"etag": etag, "cache-control": f"{whose}, {lasting}", "vary": "Authorization, Accept"}

    def answer(self, result: object, *, link: str = "") -> Response:
        """Return what a verb returned as JSON."""
        body = as_json(document(result))
        if self.is_live:
            etag = f'"{hashlib.sha256(body).hexdigest()}"'
            headers = self.headers(etag)
            if etag in self.request.headers.get("if-none-match", ""):
                raise Unchanged(headers)
        else:
            headers = self.headers(self.etag())
        if link:
            headers["link"] = link
        return Response(body, media_type=JSON, headers=headers)

    def text(self, text: str, media_type: str, kind: str) -> Response:
        """Return a text of a kind of its own, such as a card."""
        body = text.encode(errors="replace")
        return Response(body, media_type=media_type, headers=self.headers(self.etag(kind)))

    def next_link(self, cursor: str | None) -> str:
        """Return the header that leads to the next page (https://www.rfc-editor.org/rfc/rfc8288)."""
        if cursor is None:
            return ""
        address = self.request.url.remove_query_params(["rev", "at"]).include_query_params(cursor=cursor)
        query = f"?{address.query}"
        return f'<{query}>; rel="next"'


def as_json(data: Any) -> bytes:
    """Return JSON data as bytes: ASCII alone, and what JSON has no word for as null or text."""
    try:
        return json.dumps(data, allow_nan=False, default=str, separators=(",", ":")).encode()
    except ValueError:
        return json.dumps(_finite(data), default=str, separators=(",", ":")).encode()


def _finite(data: Any) -> Any:
    if isinstance(data, float):
        return data if math.isfinite(data) else None
    if isinstance(data, dict):
        return {key: _finite(value) for key, value in data.items()}
    return [_finite(item) for item in data] if isinstance(data, list | tuple) else data


def accepted(request: Request, *offered: str) -> str:
    """Return that of the media types which the asker likes best, the first of equals; empty for none."""
    told = request.headers.get("accept", "") or "*/*"
    likes = {
        offer: max((_liking(part, offer) for part in told.split(",")), default=(0, 0.0)) for offer in offered
    }
    best = max(offered, key=lambda offer: likes[offer][1])
    return best if likes[best][1] > 0 else ""


def _liking(part: str, offer: str) -> tuple[int, float]:
    """Return how closely a part of an Accept header names a media type, and how much it is liked."""
    media, *parameters = (piece.strip().lower() for piece in part.split(";"))
    quality = next((parameter[2:] for parameter in parameters if parameter.startswith("q=")), "1")
    try:
        liked = float(quality)
    except ValueError:
        liked = 0.0
    kinds = ["*/*", f"{offer.partition('/')[0]}/*", offer]
    return (kinds.index(media) + 1, liked) if media in kinds else (0, 0.0)


def require_acceptable(request: Request) -> None:
    """Raise HTTPException 406 where an answer would be of no kind that the asker takes."""
    offered = getattr(request.scope.get("endpoint"), _OFFERED, (JSON,))
    if offered and not accepted(request, *offered):
        raise HTTPException(406, f"this is answered as {' or '.join(offered)}")


def offers(*media_types: str) -> Callable[[Route], Route]:
    """Mark a route with the media types that it answers in; with none, whatever comes."""

    def marked(route: Route) -> Route:
        setattr(route, _OFFERED, media_types)
        return route

    return marked
