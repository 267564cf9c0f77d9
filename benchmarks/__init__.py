"""How fast Rollbook is, as ratios between commands that run side by side on one machine.

Run them with `python -m benchmarks`; see README.md.
"""
