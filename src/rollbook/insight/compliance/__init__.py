"""The compliance report of a period: what an auditor asks for, from the trail and from main."""
