"""The public Python face: every verb of the command line as a method, returning the data that `--json` prints."""
