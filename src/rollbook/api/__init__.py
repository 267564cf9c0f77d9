"""The public Python face: every verb of the command line as a method, with the data that `--json` prints."""
