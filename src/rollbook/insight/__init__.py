"""What a registry tells of its versions: comparison, lineage, cards, compliance, SQL."""
