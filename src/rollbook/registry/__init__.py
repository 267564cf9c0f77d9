"""The registry in a snapshot: models, versions, stages, aliases, and what a change does to them."""
