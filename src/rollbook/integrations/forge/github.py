"""GitHub's REST API (https://docs.github.com/rest), as far as Rollbook uses it."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

from rollbook.access.roles import Person
from rollbook.artifact.http import Unreachable, send
from rollbook.errors import NotFound, RollbookError
from rollbook.integrations.forge.interface import Issue, PullRequest
from rollbook.text import printable

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from rollbook.artifact.http import Response
    from rollbook.integrations.forge.interface import Release

_VERSION = "2022-11-28"
_PAGE = 100
_CHECK = ".github/workflows/validate.yml"
_MOST_PAGES = 100
_ATTEMPTS = 3
_LONGEST_WAIT = 20.0
# A review that only comments changes nothing about the one before it; one that is pending nobody has seen.
_WORDS = frozenset(["APPROVED", "CHANGES_REQUESTED", "DISMISSED"])
_MOVED = frozenset([301, 302, 307, 308])
# How GitHub says of a person that it does not know, or will not tell, what they are somewhere.
_UNKNOWN_THERE = frozenset([403, 404])


class ForgeFailed(RollbookError):
    """The forge can't be asked, or does not do what it was asked."""

    def __init__(self, message: str, *, status: int = 0, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.status = status


class GitHub:
    """A repository on GitHub, or on a GitHub Enterprise Server. The token goes to the API's address alone."""

    name = "GitHub"

    def __init__(
        self, repository: str, token: str, api: str = "https://api.github.com", pause: float = 1
    ) -> None:
        """`repository` is `owner/name`, `pause` the seconds before a question is repeated."""
        self._name = repository
        self._owner = repository.partition("/")[0]
        self._repository = "/repos/" + "/".join(quote(part, safe="") for part in repository.split("/"))
        self._api = api.rstrip("/")
        self._token = token
        self._pause = pause
        self._login: str | None = None

    def pull_request(self, number: int) -> PullRequest:
        return _pull_request(self._get(f"{self._repository}/pulls/{number}"))

    def open_pull_request(self, branch: str, base: str, title: str, body: str) -> str:
        path = f"{self._repository}/pulls"
        try:
            return _url(
                self._send("POST", path, {"head": branch, "base": base, "title": title, "body": body})
            )
        except ForgeFailed as error:
            if error.status != 422:
                raise
            pulls = self._get(path, head=f"{self._owner}:{branch}", base=base, state="open", per_page=1)
            if not isinstance(pulls, list) or not pulls or not isinstance(pulls[0], dict):
                raise
            return _url(pulls[0])

    def open_pull_requests(self) -> dict[str, str]:
        addresses = {}
        for item in self._pages(f"{self._repository}/pulls", state="open"):
            head = item.get("head")
            origin = head.get("repo") if isinstance(head, dict) else None
            # A fork's branch may bear any name.
            if isinstance(origin, dict) and str(origin.get("full_name")).lower() == self._name.lower():
                addresses[str(item["head"].get("ref"))] = _url(item)
        return addresses

    def landed_by(self, commit: str, branch: str) -> PullRequest | None:
        pulls = [
            _pull_request(item)
            for item in self._pages(f"{self._repository}/commits/{commit}/pulls")
            if item.get("merged_at")
        ]
        pulls = [pull for pull in pulls if pull.base == branch]
        # A commit may come back in a later pull request; the one that brought it was first.
        return min(pulls, key=lambda pull: pull.number, default=None)

    def reviews(self, pull: PullRequest, teams: Collection[str]) -> tuple[Person, ...]:
        path = f"{self._repository}/pulls/{pull.number}"
        last: dict[str, Mapping[str, Any]] = {}
        for review in self._pages(f"{path}/reviews"):
            login = _person(review.get("user"))
            if login and review.get("state") in _WORDS:
                last[login] = review
        approving = [
            login
            for login, review in last.items()
            if review["state"] == "APPROVED" and review.get("commit_id") == pull.head
        ]
        if not approving:
            return ()
        authors = {pull.author, *self._commit_authors(path)}
        return tuple(
            Person(login=login, teams=self._teams(login, teams))
            for login in approving
            if login not in authors and self._may_write(login)
        )

    def comment(self, number: int, marker: str, body: str) -> str:
        path = f"{self._repository}/issues"
        text = {"body": f"{marker}\n{body}"}
        for comment in self._pages(f"{path}/{number}/comments"):
            known = comment.get("id")
            if isinstance(known, int) and self._is_own(comment, marker):
                return _url(self._send("PATCH", f"{path}/comments/{known}", text))
        return _url(self._send("POST", f"{path}/{number}/comments", text))

    def issue(self, marker: str, title: str, body: str, since: str) -> Issue:
        content = {"title": title, "body": f"{marker}\n{body}"}
        known = self.find_issue(marker, since)
        return known or _issue(self._send("POST", f"{self._repository}/issues", content))

    def find_issue(self, marker: str, since: str) -> Issue | None:
        # What was opened since then was changed since then too. Pull requests are listed among the issues.
        for item in self._pages(f"{self._repository}/issues", state="all", since=since):
            if "pull_request" not in item and self._is_own(item, marker):
                return _issue(item)
        return None

    def check_again(self, pull: PullRequest) -> int:
        path = f"{self._repository}/actions/runs"
        listed = self._get(path, event="pull_request", head_sha=pull.head, per_page=_PAGE)
        runs = listed.get("workflow_runs") if isinstance(listed, dict) else None
        if not isinstance(runs, list) or not all(isinstance(run, dict) for run in runs):
            raise ForgeFailed("GitHub listed its runs in a way that can't be read")
        numbers = [
            int(run["id"])
            for run in runs
            if run.get("path") == _CHECK
            and run.get("status") == "completed"
            and isinstance(run.get("id"), int)
        ]
        for number in numbers:
            self._send("POST", f"{path}/{number}/rerun", None)
        return len(numbers)

    def released(self) -> frozenset[str]:
        return frozenset(str(item.get("tag_name")) for item in self._pages(f"{self._repository}/releases"))

    def release(self, release: Release) -> str:
        path = f"{self._repository}/releases"
        # "Latest" means nothing where several models are released side by side.
        payload = {
            "tag_name": release.tag,
            "name": release.title,
            "body": release.body,
            "make_latest": "false",
        }
        try:
            return _url(self._send("POST", path, payload))
        except ForgeFailed as error:
            if error.status != 422:
                raise
            # Another run may have been first; GitHub's refusal does not say what is wrong in a stable way.
            published = next(
                (item for item in self._pages(path) if item.get("tag_name") == release.tag), None
            )
            if published is None:
                raise
            return _url(published)

    def _is_own(self, written: Mapping[str, Any], marker: str) -> bool:
        """Whether a comment or an issue begins with the marker and is by whom the token is of: anybody can
        write the marker."""
        user = written.get("user")
        if not isinstance(user, dict) or not str(written.get("body") or "").startswith(marker):
            return False
        own = self._own_login()
        return user.get("login") == own if own else user.get("type") == "Bot"

    def _own_login(self) -> str:
        """Return the login of whom the token is of; empty for an app's, which GitHub tells nothing of."""
        if self._login is None:
            answer = self._ask("GET", "/user")
            known = {} if answer.status in _UNKNOWN_THERE else _facts(self._read("GET", "/user", answer))
            self._login = str(known.get("login") or "")
        return self._login

    def _commit_authors(self, path: str) -> Iterator[str]:
        for commit in self._pages(f"{path}/commits"):
            for who in (commit.get("author"), commit.get("committer")):
                if isinstance(who, dict) and who.get("login"):
                    yield str(who["login"])

    def _may_write(self, login: str) -> bool:
        """Whether somebody may write to the repository: of a public one, anybody may write a review."""
        path = f"{self._repository}/collaborators/{quote(login, safe='')}/permission"
        answer = self._ask("GET", path)
        if answer.status in _UNKNOWN_THERE:
            return False
        return _facts(self._read("GET", path, answer)).get("permission") in ("admin", "write")

    def _teams(self, login: str, teams: Collection[str]) -> tuple[str, ...]:
        return tuple(team for team in teams if self._is_in(login, team))

    def _is_in(self, login: str, team: str) -> bool:
        organisation, _, name = team.partition("/")
        org, slug, who = (quote(part, safe="") for part in (organisation, name, login))
        path = f"/orgs/{org}/teams/{slug}/memberships/{who}"
        answer = self._ask("GET", path)
        if answer.status in _UNKNOWN_THERE:
            return False
        return _facts(self._read("GET", path, answer)).get("state") == "active"

    def _pages(self, path: str, **query: str) -> Iterator[dict[str, Any]]:
        for number in range(1, _MOST_PAGES + 1):
            page = self._get(path, per_page=_PAGE, page=number, **query)
            if not isinstance(page, list) or not all(isinstance(item, dict) for item in page):
                raise ForgeFailed(f"GitHub answered {printable(path)} with no list")
            yield from page
            if len(page) < _PAGE:
                return
        raise ForgeFailed(f"GitHub lists more than {_MOST_PAGES * _PAGE:,} things at {printable(path)}")

    def _get(self, path: str, **query: int | str) -> Any:
        target = f"{path}?{urlencode(query)}" if query else path
        return self._read("GET", path, self._ask("GET", target))

    def _send(self, method: str, path: str, content: Mapping[str, Any] | None) -> Any:
        body = None if content is None else json.dumps(content).encode()
        return self._read(method, path, self._ask(method, path, body))

    def _ask(self, method: str, path: str, body: bytes | None = None) -> Response:
        """Return the answer to a request. A question is repeated while the forge is busy; an order is given
        once.
        """
        headers = {
            "Accept": "application/vnd.github+json",
            "Authorization": f"Bearer {self._token}",
            "X-GitHub-Api-Version": _VERSION,
            **({"Content-Type": "application/json"} if body is not None else {}),
        }
        attempts = _ATTEMPTS if method == "GET" else 1
        for attempt in range(1, attempts + 1):
            wait = self._pause * 2 ** (attempt - 1)
            try:
                answer = send(method, f"{self._api}{path}", headers=headers, body=body)
            except Unreachable as error:
                if attempt == attempts:
                    raise ForgeFailed(str(error), hint="Try again; nothing is lost.") from error
            else:
                if attempt == attempts or not (answer.status >= 500 or answer.status == 429):
                    return answer
                retry_after = answer.headers.get("retry-after", "")
                wait = float(retry_after) if retry_after.isdecimal() and len(retry_after) < 5 else wait
            time.sleep(min(wait, _LONGEST_WAIT))
        raise AssertionError("the loop returns or raises")

    def _read(self, method: str, path: str, answer: Response) -> Any:
        try:
            content = json.loads(answer.body or b"{}")
        except (ValueError, RecursionError):
            content = None
        if 200 <= answer.status < 300 and isinstance(content, dict | list):
            return content
        reason = content.get("message") if isinstance(content, dict) else None
        no_json = ", which is no JSON" if content is None else ""
        words = f": {printable(reason[:300])}" if isinstance(reason, str) else no_json
        message = f"GitHub answered {method} {printable(path)} with {answer.status}{words}"
        if answer.status == 404:
            raise NotFound(message, hint="Is the name right, and may the token read it?")
        raise ForgeFailed(message, status=answer.status, hint=_remedy(answer))


def _remedy(answer: Response) -> str:
    """Return what to do about an answer that is none. GitHub says of its limits by 403, too."""
    is_limited = answer.headers.get("x-ratelimit-remaining") == "0" or "retry-after" in answer.headers
    if answer.status == 429 or (answer.status == 403 and is_limited):
        return "GitHub limits how often it may be asked: try again later; nothing is lost."
    if answer.status in _MOVED:
        return "The repository has moved or has another name: git remote set-url REMOTE URL"
    if answer.status >= 500:
        return "GitHub is in trouble: try again; nothing is lost."
    if answer.status == 401:
        return "The token is wrong, or has expired."
    if answer.status == 403:
        return "Give the workflow's job the permission that it needs."
    return "Is GITHUB_API_URL the address of the API?" if answer.status < 300 else ""


def _facts(data: object) -> Mapping[str, Any]:
    if not isinstance(data, dict):
        raise ForgeFailed("GitHub answered with something else than it was asked for")
    return data


def _pull_request(answer: object) -> PullRequest:
    data = _facts(answer)
    try:
        return PullRequest(
            number=int(data["number"]),
            url=str(data["html_url"]),
            author=str(_facts(data.get("user") or {}).get("login") or ""),
            head=str(data["head"]["sha"]),
            base=str(data["base"]["ref"]),
            merged=bool(data.get("merged_at")),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise ForgeFailed("GitHub described a pull request in a way that can't be read") from error


def _issue(answer: object) -> Issue:
    number = _facts(answer).get("number")
    if not isinstance(number, int):
        raise ForgeFailed("GitHub described an issue in a way that can't be read")
    return Issue(number, _url(answer))


def _url(answer: object) -> str:
    return str(_facts(answer).get("html_url") or "")


def _person(user: object) -> str:
    """Return the login of a person; empty for a program, and for an account that is gone."""
    if not isinstance(user, dict) or user.get("type") != "User":
        return ""
    return str(user.get("login") or "")
