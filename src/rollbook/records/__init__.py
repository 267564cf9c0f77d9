"""The files of a registry as frozen data: one module a file, one class a record, fields named as in the file."""
