"""Which artifacts may go, what storage holds and costs, and taking bytes out of it after a removal landed."""
