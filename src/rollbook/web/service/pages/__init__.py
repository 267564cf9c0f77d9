"""The catalog's pages as the service makes them, one at a time."""
