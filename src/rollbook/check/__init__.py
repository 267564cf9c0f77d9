"""Judging a registry: what stands in a tree, and what a change does to it, as a list of findings."""
