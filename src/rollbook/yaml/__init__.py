"""Reading, writing and editing YAML: one strict dialect for every file of a registry."""
