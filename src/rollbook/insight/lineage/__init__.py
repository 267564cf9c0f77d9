"""Where versions come from, and what came from them."""
