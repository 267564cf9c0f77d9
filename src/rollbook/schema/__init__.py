"""The contract: the JSON Schema of each file, whether a file keeps to it, and in plain words where not."""
