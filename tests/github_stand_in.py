"""A stand-in for GitHub's API on this machine, which keeps what it is told.

Every request and every answer is validated against GitHub's own OpenAPI description (cut down by
tests/integrations/forge/cut_github_openapi.py); its examples are what the answers are made of.
"""

from __future__ import annotations

import copy
import json
import re
import threading
from dataclasses import dataclass, field
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, unquote, urlsplit

from jsonschema import Draft202012Validator

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import pytest

    from building.world import World

_DESCRIPTION = Path(__file__).parent / "integrations" / "forge" / "github-openapi.json"
REPOSITORY = "acme/registry"


@cache
def _description() -> dict[str, Any]:
    """The description in the words of JSON Schema, which has a type where OpenAPI 3.0 says `nullable`."""
    return json.loads(_DESCRIPTION.read_text(), object_hook=_with_null)


def _with_null(value: dict[str, Any]) -> dict[str, Any]:
    if value.pop("nullable", None) is not True:
        return value
    if isinstance(value.get("type"), str):
        value["type"] = [value["type"], "null"]
        if "enum" in value and None not in value["enum"]:
            value["enum"] = [*value["enum"], None]
        return value
    return {"anyOf": [value, {"type": "null"}]}


def _resolved(value: dict[str, Any]) -> dict[str, Any]:
    if "$ref" not in value:
        return value
    _, _, kind, name = value["$ref"].split("/")
    return _description()["components"][kind][name]


def example(name: str) -> Any:
    """A copy of one of the description's examples."""
    return copy.deepcopy(_description()["components"]["examples"][name]["value"])


def _wrong(schema: dict[str, Any], value: object, where: str) -> list[str]:
    validator = Draft202012Validator({**schema, "components": _description()["components"]})
    return [f"{where}: {error.json_path}: {error.message[:300]}" for error in validator.iter_errors(value)]


@dataclass(frozen=True)
class Operation:
    """One operation of the description, and the values that a request's path gives its parameters."""

    described: dict[str, Any]
    template: str
    values: dict[str, str]

    def wrong_request(self, query: dict[str, str], body: object) -> list[str]:
        """What the description has against a request."""
        parameters = [_resolved(item) for item in self.described.get("parameters", [])]
        given = {("path", name): value for name, value in self.values.items()}
        given |= {("query", name): value for name, value in query.items()}
        known = {(item["in"], item["name"]): item for item in parameters}
        found = [f"{self.template}: unknown parameter {key}" for key in given.keys() - known.keys()]
        found += [
            f"{self.template}: no {key}"
            for key, item in known.items()
            if item.get("required") and key not in given
        ]
        for key, text in given.items():
            schema = _resolved(known.get(key, {}).get("schema", {}))
            is_number = schema.get("type") == "integer" and text.isdecimal()
            found += _wrong(schema, int(text) if is_number else text, f"{self.template} {key}")
        asked = self.described.get("requestBody")
        if asked and body is not None:
            found += _wrong(asked["content"]["application/json"]["schema"], body, f"{self.template} body")
        elif (asked or {}).get("required") or body is not None:
            found.append(f"{self.template}: a body where none belongs, or none where one does")
        return found

    def wrong_answer(self, status: int, content: object) -> list[str]:
        """What the description has against an answer."""
        answers = self.described["responses"]
        if str(status) not in answers:
            # Any operation may answer so, for want of rights or in trouble.
            return (
                [] if status in {401, 403, 404, 429, 500, 502} else [f"{self.template}: no answer {status}"]
            )
        described = _resolved(answers[str(status)]).get("content", {})
        schema = next(iter(described.values()), {}).get("schema", {})
        return _wrong(schema, content, f"{self.template} answer {status}")


def _operation(method: str, path: str) -> Operation | None:
    for template, methods in _description()["paths"].items():
        pattern = re.sub(r"\\\{(\w+)\\\}", r"(?P<\1>[^/]+)", re.escape(template))
        found = re.fullmatch(pattern, path)
        if found and method.lower() in methods:
            values = {name: unquote(value) for name, value in found.groupdict().items()}
            return Operation(methods[method.lower()], template, values)
    return None


@dataclass
class Request:
    """What came in."""

    method: str
    path: str
    query: dict[str, str]
    token: str
    body: Any


@dataclass
class GitHubStandIn:
    """What the forge knows. `rights` are those of the token, as in a workflow's `permissions`; `login` is
    whose it is, empty for an app's."""

    url: str = ""
    token: str = "ghs_only4this0test"
    rights: dict[str, str] = field(
        default_factory=lambda: dict.fromkeys(("contents", "pull-requests", "actions", "issues"), "write")
    )
    login: str = ""
    issues: list[dict[str, Any]] = field(default_factory=list)
    pulls: dict[int, dict[str, Any]] = field(default_factory=dict)
    reviews: dict[int, list[dict[str, Any]]] = field(default_factory=dict)
    commits: dict[int, list[dict[str, Any]]] = field(default_factory=dict)
    landed: dict[str, list[int]] = field(default_factory=dict)
    teams: dict[str, dict[str, str]] = field(default_factory=dict)
    strangers: set[str] = field(default_factory=set)
    comments: dict[int, list[dict[str, Any]]] = field(default_factory=dict)
    releases: list[dict[str, Any]] = field(default_factory=list)
    runs: list[dict[str, Any]] = field(default_factory=list)
    rerun: list[int] = field(default_factory=list)
    requests: list[Request] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    answers: list[tuple[int, bytes]] = field(default_factory=list)
    headers: dict[str, str] = field(default_factory=dict)

    # --- what a test sets up

    def open(self, number: int, head: str, author: str = "jane", base: str = "main") -> None:
        """A pull request with one commit, by its author."""
        pull = example("pull-request")
        pull |= {"number": number, "merged_at": None, "merged": False, "user": self.user(author)}
        # The example's teams lack what the description itself asks of a team.
        pull["requested_teams"] = []
        pull["html_url"] = f"https://github.com/{REPOSITORY}/pull/{number}"
        pull["head"] |= {"sha": head}
        pull["head"]["repo"] = {**pull["head"]["repo"], "full_name": REPOSITORY}
        pull["base"] |= {"ref": base}
        self.pulls[number] = pull
        self.reviews.setdefault(number, [])
        self.comments.setdefault(number, [])
        self.commits[number] = []
        self.add_commit(number, head, author)

    def add_commit(self, number: int, oid: str, author: str) -> None:
        commit = example("commit-items")[0]
        commit |= {"sha": oid, "author": self.user(author), "committer": self.user(author)}
        self.commits[number].append(commit)
        self.pulls[number]["head"]["sha"] = oid

    def review(
        self, number: int, login: str, state: str = "APPROVED", head: str = "", kind: str = "User"
    ) -> None:
        """What somebody says of the pull request as it is, or was at the commit `head`."""
        review = example("pull-request-review-items")[0]
        oid = head or self.pulls[number]["head"]["sha"]
        self.reviews[number].append(
            review | {"user": self.user(login, kind), "state": state, "commit_id": oid}
        )

    def merge(self, number: int, commit: str) -> None:
        self.pulls[number] |= {"merged_at": "2026-11-21T09:00:00Z", "merged": True}
        self.landed.setdefault(commit, []).append(number)

    def ran(self, number: int, workflow: str = "validate.yml", status: str = "completed") -> int:
        """A run of a workflow for the pull request as it is; its id."""
        run = example("workflow-run-paginated")["workflow_runs"][0]
        run |= {"id": len(self.runs) + 1, "path": f".github/workflows/{workflow}", "event": "pull_request"}
        run |= {"head_sha": self.pulls[number]["head"]["sha"], "status": status}
        self.runs.append(run)
        return len(self.runs)

    @staticmethod
    def user(login: str, kind: str = "User") -> dict[str, Any]:
        user = example("pull-request-review-items")[0]["user"]
        return {**user, "login": login, "type": kind}

    # --- what it answers

    def answer(self, request: Request) -> tuple[int, Any]:
        """The status and the content with which a request is answered."""
        operation = _operation(request.method, request.path)
        if operation is None:
            self.problems.append(f"{request.method} {request.path} is no operation that is described")
            return 404, {"message": "Not Found"}
        self.problems += operation.wrong_request(request.query, request.body)
        status, content = self._do(operation, request)
        self.problems += operation.wrong_answer(status, content)
        return status, content

    def _do(self, operation: Operation, request: Request) -> tuple[int, Any]:
        if request.token != f"Bearer {self.token}":
            return 401, {"message": "Bad credentials", "documentation_url": "https://docs.github.com/rest"}
        values = operation.values
        if "repo" in values and f"{values['owner']}/{values['repo']}" != REPOSITORY:
            return 404, {"message": "Not Found"}
        about = {"/releases": "contents", "/actions": "actions"}
        if operation.template.endswith("/issues"):
            about = {"/issues": "issues"}
        needed = next((right for part, right in about.items() if part in operation.template), "pull-requests")
        if request.method != "GET" and self.rights.get(needed) != "write":
            return 403, {"message": "Resource not accessible by integration"}
        do: Callable[..., tuple[int, Any]] = getattr(self, _DO[request.method, operation.template])
        return do(request, **{name: value for name, value in values.items() if name not in {"owner", "repo"}})

    @staticmethod
    def _page(request: Request, items: list[Any]) -> tuple[int, Any]:
        size, number = int(request.query.get("per_page", 30)), int(request.query.get("page", 1))
        return 200, items[(number - 1) * size : number * size]

    def _pull(self, _request: Request, pull_number: str) -> tuple[int, Any]:
        pull = self.pulls.get(int(pull_number))
        return (200, pull) if pull else (404, {"message": "Not Found"})

    def _reviews(self, request: Request, pull_number: str) -> tuple[int, Any]:
        return self._page(request, self.reviews[int(pull_number)])

    def _commits(self, request: Request, pull_number: str) -> tuple[int, Any]:
        return self._page(request, self.commits[int(pull_number)])

    def _landed(self, request: Request, commit_sha: str) -> tuple[int, Any]:
        found = [self._simple(self.pulls[number]) for number in self.landed.get(commit_sha, [])]
        return self._page(request, found)

    @staticmethod
    def _simple(pull: dict[str, Any]) -> dict[str, Any]:
        """A pull request as lists show it."""
        same = ("number", "html_url", "user", "merged_at", "head", "base", "requested_teams", "title", "body")
        return example("pull-request-simple-items")[0] | {name: pull[name] for name in same}

    def _pulls(self, request: Request) -> tuple[int, Any]:
        owner = REPOSITORY.partition("/")[0]
        found = [
            self._simple(pull)
            for pull in self.pulls.values()
            if not pull["merged_at"]
            and request.query.get("head") in {None, f"{owner}:{pull['head']['ref']}"}
            and request.query.get("base") in {None, pull["base"]["ref"]}
        ]
        return self._page(request, found)

    def _open(self, request: Request) -> tuple[int, Any]:
        asked = request.body
        if any(pull["head"]["ref"] == asked["head"] for pull in self.pulls.values()):
            return 422, {
                "message": "Validation Failed",
                "errors": [{"resource": "PullRequest", "code": "custom", "message": "already exists"}],
                "documentation_url": "https://docs.github.com",
            }
        number = len(self.pulls) + 1
        self.open(number, "0" * 40, author="rollbook", base=asked["base"])
        self.pulls[number] |= {"title": asked["title"], "body": asked["body"]}
        self.pulls[number]["head"]["ref"] = asked["head"]
        return 201, self.pulls[number]

    def _member(self, _request: Request, org: str, team_slug: str, username: str) -> tuple[int, Any]:
        state = self.teams.get(f"{org}/{team_slug}", {}).get(username)
        if state is None:
            return 404, {"message": "Not Found"}
        membership = example("team-membership-response-if-user-is-a-team-maintainer")
        return 200, membership | {"state": state, "role": "member"}

    def _permission(self, _request: Request, username: str) -> tuple[int, Any]:
        found = example("repository-collaborator-permission-response-if-user-has-admin-permissions")
        word = "read" if username in self.strangers else "write"
        said = {"permission": word, "role_name": word}
        return 200, found | said | {"user": found["user"] | {"login": username, "role_name": word}}

    def _comments(self, request: Request, issue_number: str) -> tuple[int, Any]:
        return self._page(request, self.comments.get(int(issue_number), []))

    def say(
        self, number: int, body: str, login: str = "github-actions[bot]", kind: str = "Bot"
    ) -> dict[str, Any]:
        """A comment of somebody's."""
        oid = 1 + sum(len(said) for said in self.comments.values())
        url = f"https://github.com/{REPOSITORY}/pull/{number}#issuecomment-{oid}"
        comment = example("issue-comment") | {"id": oid, "body": body, "html_url": url}
        comment["user"] = self.user(login, kind)
        self.comments.setdefault(number, []).append(comment)
        return comment

    def _who(self, _request: Request) -> tuple[int, Any]:
        if not self.login:
            return 403, {"message": "Resource not accessible by integration"}
        return 200, example("private-user-response-with-public-profile-information") | {"login": self.login}

    def _issues(self, request: Request) -> tuple[int, Any]:
        since = request.query.get("since", "")
        found = [
            issue
            for issue in self.issues
            if request.query.get("state") in {"all", issue["state"]} and issue["updated_at"] >= since
        ]
        return self._page(request, found)

    def _open_issue(self, request: Request) -> tuple[int, Any]:
        login, kind = (self.login, "User") if self.login else ("github-actions[bot]", "Bot")
        return 201, self.report(request.body["title"], request.body["body"], login, kind)

    def report(self, title: str, body: str, login: str, kind: str = "User") -> dict[str, Any]:
        """An issue, by somebody."""
        number = 100 + len(self.issues)
        issue = example("issue") | {"number": number, "title": title, "body": body, "state": "open"}
        issue |= {
            "user": self.user(login, kind),
            "html_url": f"https://github.com/{REPOSITORY}/issues/{number}",
        }
        issue |= {"updated_at": "2999-01-01T00:00:00Z"}
        issue.pop("pull_request", None)  # the example is one
        self.issues.insert(0, issue)
        return issue

    def _comment(self, request: Request, issue_number: str) -> tuple[int, Any]:
        by = (self.login, "User") if self.login else ("github-actions[bot]", "Bot")
        return 201, self.say(int(issue_number), request.body["body"], *by)

    def _edit(self, request: Request, comment_id: str) -> tuple[int, Any]:
        for comment in (one for said in self.comments.values() for one in said):
            if comment["id"] == int(comment_id):
                comment["body"] = request.body["body"]
                return 200, comment
        return 404, {"message": "Not Found"}

    def _releases(self, request: Request) -> tuple[int, Any]:
        return self._page(request, self.releases)

    def _release(self, request: Request) -> tuple[int, Any]:
        if any(known["tag_name"] == request.body["tag_name"] for known in self.releases):
            errors = [{"resource": "Release", "code": "already_exists", "field": "tag_name"}]
            return 422, {
                "message": "Validation Failed",
                "errors": errors,
                "documentation_url": "https://docs.github.com",
            }
        release = example("release")
        release |= {name: request.body[name] for name in ("tag_name", "name", "body")}
        release["html_url"] = f"https://github.com/{REPOSITORY}/releases/tag/{len(self.releases) + 1}"
        self.releases.insert(0, release)
        return 201, release

    def _runs(self, request: Request) -> tuple[int, Any]:
        wanted = {key: value for key, value in request.query.items() if key in {"event", "head_sha"}}
        found = [run for run in self.runs if all(run[key] == value for key, value in wanted.items())]
        return 200, {"total_count": len(found), "workflow_runs": self._page(request, found)[1]}

    def _rerun(self, _request: Request, run_id: str) -> tuple[int, Any]:
        self.rerun.append(int(run_id))
        return 201, {}


_DO = {
    ("GET", "/repos/{owner}/{repo}/pulls"): "_pulls",
    ("POST", "/repos/{owner}/{repo}/pulls"): "_open",
    ("GET", "/repos/{owner}/{repo}/pulls/{pull_number}"): "_pull",
    ("GET", "/repos/{owner}/{repo}/pulls/{pull_number}/reviews"): "_reviews",
    ("GET", "/repos/{owner}/{repo}/pulls/{pull_number}/commits"): "_commits",
    ("GET", "/repos/{owner}/{repo}/commits/{commit_sha}/pulls"): "_landed",
    ("GET", "/repos/{owner}/{repo}/collaborators/{username}/permission"): "_permission",
    ("GET", "/orgs/{org}/teams/{team_slug}/memberships/{username}"): "_member",
    ("GET", "/user"): "_who",
    ("GET", "/repos/{owner}/{repo}/issues"): "_issues",
    ("POST", "/repos/{owner}/{repo}/issues"): "_open_issue",
    ("GET", "/repos/{owner}/{repo}/issues/{issue_number}/comments"): "_comments",
    ("POST", "/repos/{owner}/{repo}/issues/{issue_number}/comments"): "_comment",
    ("PATCH", "/repos/{owner}/{repo}/issues/comments/{comment_id}"): "_edit",
    ("GET", "/repos/{owner}/{repo}/releases"): "_releases",
    ("POST", "/repos/{owner}/{repo}/releases"): "_release",
    ("GET", "/repos/{owner}/{repo}/actions/runs"): "_runs",
    ("POST", "/repos/{owner}/{repo}/actions/runs/{run_id}/rerun"): "_rerun",
}


def host_on_github(world: World, forge: GitHubStandIn, monkeypatch: pytest.MonkeyPatch) -> World:
    """Give a registry's origin GitHub's address, where the stand-in answers; return the registry."""
    world.git("remote", "set-url", "origin", f"https://github.com/{REPOSITORY}.git")
    world.git("config", f"url.{world.origin}.insteadOf", f"https://github.com/{REPOSITORY}.git")
    monkeypatch.setenv("GH_TOKEN", forge.token)
    monkeypatch.setenv("GITHUB_API_URL", forge.url)
    return world


def _handler(forge: GitHubStandIn) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def _serve(self) -> None:
            parts = urlsplit(self.path)
            query = {name: values[-1] for name, values in parse_qs(parts.query).items()}
            length = int(self.headers.get("Content-Length") or 0)
            body = json.loads(self.rfile.read(length)) if length else None
            token = self.headers.get("Authorization", "")
            request = Request(self.command, parts.path, query, token, body)
            forge.requests.append(request)
            if forge.answers:
                status, data = forge.answers.pop(0)
            else:
                status, content = forge.answer(request)
                data = json.dumps(content).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json; charset=utf-8")
            self.send_header("Content-Length", str(len(data)))
            for name, value in forge.headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(data)

        do_GET = do_POST = do_PATCH = _serve  # noqa: N815

        def log_message(self, *_: object) -> None:
            """Nothing: pytest shows what a test needs."""

    return Handler


def serve() -> Iterator[GitHubStandIn]:
    """The stand-in, listening; at the end nothing must have gone against the description."""
    forge = GitHubStandIn()
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(forge))
    forge.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield forge
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
    assert not forge.problems, "\n".join(forge.problems[:5])
