"""Holding a canary against production: the sequential test, the figures it is asked of, and what follows."""
