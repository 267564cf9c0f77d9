"""`rollbook demo`: the whole story of a registry, told and run for real in a scratch directory."""
