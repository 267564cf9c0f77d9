"""Cut GitHub's published OpenAPI description down to what Rollbook asks of it.

    npm pack @octokit/openapi@23.0.2
    tar xzf octokit-openapi-23.0.2.tgz package/generated/api.github.com.json
    python tests/integrations/forge/cut_github_openapi.py package/generated/api.github.com.json

writes tests/integrations/forge/github-openapi.json: the operations below, and every component that they
refer to. Prose is left out. The description is published under the MIT licence, by
https://github.com/octokit/openapi.
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any

OPERATIONS = (
    ("get", "/repos/{owner}/{repo}/pulls"),
    ("post", "/repos/{owner}/{repo}/pulls"),
    ("get", "/repos/{owner}/{repo}/pulls/{pull_number}"),
    ("get", "/repos/{owner}/{repo}/pulls/{pull_number}/reviews"),
    ("get", "/repos/{owner}/{repo}/pulls/{pull_number}/commits"),
    ("get", "/repos/{owner}/{repo}/commits/{commit_sha}/pulls"),
    ("get", "/repos/{owner}/{repo}/collaborators/{username}/permission"),
    ("get", "/orgs/{org}/teams/{team_slug}/memberships/{username}"),
    ("get", "/user"),
    ("get", "/repos/{owner}/{repo}/issues"),
    ("post", "/repos/{owner}/{repo}/issues"),
    ("get", "/repos/{owner}/{repo}/issues/{issue_number}/comments"),
    ("post", "/repos/{owner}/{repo}/issues/{issue_number}/comments"),
    ("patch", "/repos/{owner}/{repo}/issues/comments/{comment_id}"),
    ("get", "/repos/{owner}/{repo}/releases"),
    ("post", "/repos/{owner}/{repo}/releases"),
    ("get", "/repos/{owner}/{repo}/actions/runs"),
    ("post", "/repos/{owner}/{repo}/actions/runs/{run_id}/rerun"),
)
_PROSE = {"description", "summary", "externalDocs", "x-github", "tags", "title", "callbacks", "links"}
_TARGET = Path(__file__).with_name("github-openapi.json")


def cut(description: dict[str, Any]) -> dict[str, Any]:
    """The operations, with all that they refer to."""
    paths: dict[str, Any] = {}
    for method, path in OPERATIONS:
        paths.setdefault(path, {})[method] = _plain(description["paths"][path][method])
    kept: dict[str, dict[str, Any]] = {}
    waiting = _references(paths)
    while waiting:
        kind, name = waiting.pop()
        if name not in kept.setdefault(kind, {}):
            kept[kind][name] = _plain(description["components"][kind][name])
            waiting |= _references(kept[kind][name])
    return {
        "openapi": description["openapi"],
        "info": {name: description["info"][name] for name in ("title", "version", "license")},
        "paths": paths,
        "components": kept,
    }


def _plain(value: Any, inside: str = "") -> Any:
    # A schema may have a property of the name `description`; an example is data.
    if inside == "value":
        return value
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if not isinstance(value, dict):
        return value
    prose = set() if inside == "properties" else _PROSE
    return {key: _plain(item, key) for key, item in value.items() if key not in prose}


def _references(value: Any) -> set[tuple[str, str]]:
    found = re.findall(r'"#/components/([a-z-]+)/([^"]+)"', json.dumps(value))
    return {(kind, name) for kind, name in found}


if __name__ == "__main__":
    text = json.dumps(cut(json.loads(Path(sys.argv[1]).read_text())), indent=0, sort_keys=True)
    _TARGET.write_text(text + "\n")
