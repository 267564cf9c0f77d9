"""Who may do what: roles, approvals, owners, and what a server asks of a push."""
