"""Worlds whose policy lets artifacts go at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from building.world import POLICY

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from building.once import Template
    from building.world import World

RULES = """\
retention:
  keep_unpromoted: 1
  keep_days: 0
  days_there: 0
  bytes_stay_days: 0
  price_per_gb_month: 0.023
"""


def write_policy(world: World, rules: str) -> None:
    """Put other rules of retention into the policy on main."""
    kept = world.read(POLICY).partition("\nretention:\n")[0]
    world.write(POLICY, f"{kept.rstrip()}\n{rules}")
    world.commit("Change what is kept")


def fill(world: World) -> None:
    """0.1.0 archived, 0.2.0 was in production, 0.3.0 in production, 0.4.0 and 0.5.0 in development."""
    write_policy(world, RULES)
    for number in range(1, 6):
        world.register("credit", f"0.{number}.0")
    for version in ("0.2.0", "0.3.0"):
        world.promote(f"credit@{version}", "staging")
        world.promote(f"credit@{version}", "production")
    world.run("archive", "credit@0.1.0", "--reason", "old", "--land")


@pytest.fixture
def pruning(started: Template) -> World:
    return started(fill)


@pytest.fixture
def stored() -> Callable[[World], int]:
    """How many objects the folder of the DVC remote holds."""

    def count(world: World) -> int:
        return sum(1 for path in (world.artifacts / "files").rglob("*") if path.is_file())

    return count


class Bucket:
    """A bucket of a server that speaks S3."""

    def __init__(self, address: str, name: str) -> None:
        import boto3

        self.address, self.name = address, name
        self._client = boto3.client("s3", endpoint_url=address)
        self._client.create_bucket(Bucket=name)

    def use(self, world: World) -> None:
        """Make it the default DVC remote on main."""
        config = world.registry / ".dvc" / "config"
        config.write_text(
            f"[core]\n    remote = cloud\n['remote \"cloud\"']\n    url = s3://{self.name}/models\n"
            f"    endpointurl = {self.address}\n"
        )
        world.git("commit", "--quiet", "-am", "Store on S3")
        world.git("push", "--quiet", "origin", "main")

    def contents(self) -> set[bytes]:
        listed = self._client.list_objects_v2(Bucket=self.name).get("Contents", [])
        keys = [item["Key"] for item in listed]
        return {self._client.get_object(Bucket=self.name, Key=key)["Body"].read() for key in keys}


@pytest.fixture
def s3_bucket(monkeypatch: pytest.MonkeyPatch) -> Iterator[Bucket]:
    from moto.server import ThreadedMotoServer

    for name, value in (
        ("AWS_ACCESS_KEY_ID", "testing"),
        ("AWS_SECRET_ACCESS_KEY", "testing"),
        ("AWS_DEFAULT_REGION", "us-east-1"),
    ):
        monkeypatch.setenv(name, value)
    server = ThreadedMotoServer(port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield Bucket(f"http://{host}:{port}", "models")
    server.stop()
