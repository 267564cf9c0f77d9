"""A receiver of notifications on this machine, and naming it in a registry's policy."""

from __future__ import annotations

import json
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

from building.world import POLICY
from rollbook.git.repository import discover
from rollbook.integrations.notify.notifier import notify

if TYPE_CHECKING:
    from collections.abc import Iterator

    from building.world import World
    from rollbook.integrations.notify.notifier import Outcome

SECRET = "whsec_bm9ib2R5IGVsc2Uga25vd3MgdGhpcw=="
SECRET_ENV = "ROLLBOOK_NOTIFY_SECRET"


@dataclass
class Receiver:
    """Somebody who listens. `does` says how each request is met, in turn: with a status; a number of seconds
    to wait first; raw bytes in place of an answer; `drop`, which closes the connection. Else it is 204."""

    url: str = ""
    elsewhere: str = "http://127.0.0.1:9/"
    visits: int = 0
    does: list[object] = field(default_factory=list)
    got: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    over: threading.Event = field(default_factory=threading.Event)

    @property
    def tags(self) -> list[str]:
        """What was said in each message that was taken."""
        return [f"{event['data']['tag']}" for event in self.events]

    @property
    def events(self) -> list[dict[str, Any]]:
        return [json.loads(body) for _, body in self.got]


def _handler(receiver: Receiver) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            receiver.visits += 1
            self.send_error(405)

        def do_POST(self) -> None:
            receiver.visits += 1
            body = self.rfile.read(int(self.headers["Content-Length"]))
            headers = {name.lower(): value for name, value in self.headers.items()}
            does = receiver.does.pop(0) if receiver.does else 204
            if isinstance(does, float):
                receiver.over.wait(does)
                does = 204
            if does == "drop":
                self.close_connection = True
                return
            if isinstance(does, bytes):
                self.wfile.write(does)
                self.close_connection = True
                return
            assert isinstance(does, int)
            if 200 <= does < 300:
                receiver.got.append((headers, body))
            self.send_response(does)
            if 300 <= does < 400:
                self.send_header("Location", receiver.elsewhere)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Nothing: pytest shows what a test needs."""

    return Handler


def listen() -> Iterator[Receiver]:
    receiver = Receiver()
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(receiver))
    receiver.url = f"http://127.0.0.1:{server.server_port}/hook?key=hidden"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield receiver
    finally:
        receiver.over.set()
        server.shutdown()
        thread.join()
        server.server_close()


def subscribe(world: World, *entries: dict[str, Any]) -> None:
    """Name receivers in the policy of main."""
    before = world.read(POLICY).partition("\nnotify:")[0].rstrip()
    named = [{"secret_env": SECRET_ENV, **entry} for entry in entries]
    world.write(POLICY, f"{before}\nnotify: {json.dumps(named)}\n")
    world.commit("Name who is notified")


def told(world: World, limit: float = 20) -> list[Outcome]:
    """Notify, without waiting between attempts."""
    return notify(discover(world.registry), limit=limit, pause=0)
