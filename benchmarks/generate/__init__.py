"""Realistic registries of any size: the same for the same numbers and seed, down to each object's id."""
