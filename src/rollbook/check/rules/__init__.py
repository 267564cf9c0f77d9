"""What may stand in a registry, and what a change may do: rules that look at nothing but their arguments."""
