"""Registries for tests: files in memory, a bare repository that git fast-import fills, or a real clone of a
real origin that the command line works in.

The same words name the same acts wherever they are done: `policy`, `register`, `promote`, `commit`, `land`.
"""
