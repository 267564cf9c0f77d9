"""The files of a registry as frozen data: one module a file, fields named as in the file."""
