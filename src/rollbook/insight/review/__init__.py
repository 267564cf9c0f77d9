"""Who may do what: the review of all access, and one's own."""
