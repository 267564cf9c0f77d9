"""Models that are objects in memory, as a notebook has them: written to files, described, registered."""
