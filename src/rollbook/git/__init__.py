"""Everything Rollbook asks of git. Reading runs git as a program; writing goes through GitPython."""
