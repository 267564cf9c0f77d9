"""Taking over models from another tool's repository: their versions, stages, dates and tags."""
