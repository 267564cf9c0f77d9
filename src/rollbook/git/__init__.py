"""Everything Rollbook asks of git. Reading runs git as a program; gitdb, GitPython's, writes objects."""
