"""The files of a repository as they stand at one place, behind one protocol."""
