"""The registry over HTTP (`service/`) and in a browser (`catalog/`), for whoever has no clone."""
