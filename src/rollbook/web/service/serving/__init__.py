"""How the service runs: where it listens, whether it is well, when it ends."""
