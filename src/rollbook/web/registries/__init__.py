"""Which registries are served, and what main of each holds right now."""
