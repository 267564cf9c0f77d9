"""A model written in another format, and held against what it was made from."""
