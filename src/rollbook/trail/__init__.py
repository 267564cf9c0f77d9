"""The audit trail: events derived from main's history, and the annotated tags that record them."""
