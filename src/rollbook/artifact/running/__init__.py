"""A model run on rows, in a process of its own that is shut in."""
