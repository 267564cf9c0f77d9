"""What a breach does: evidence, messages, an issue, and the way back to a version that is good."""
