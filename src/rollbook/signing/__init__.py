"""Signatures of people: made, taken apart and judged; who may give them; approvals that are signed."""
