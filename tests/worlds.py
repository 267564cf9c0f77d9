"""The old name of `building.world`."""

from building.world import Ran, World, git, rollbook

__all__ = ["Ran", "World", "git", "rollbook"]
