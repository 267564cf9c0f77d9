"""The old name of `building.world`."""

from building.world import ACTION, Ran, World, git, rollbook

__all__ = ["ACTION", "Ran", "World", "git", "rollbook"]
