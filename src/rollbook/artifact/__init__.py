"""Artifacts: the bytes of a model version, their digests, DVC's pointer to them, where they are stored."""
