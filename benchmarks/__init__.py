"""How fast Rollbook is, and how that grows: questions to registries of several sizes, beside git and peers.

Run them with `python -m benchmarks`; see README.md.
"""
