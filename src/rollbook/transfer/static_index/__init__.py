"""A registry as static files: written by `rollbook export --index`, read with `--index` and `open_index`."""
