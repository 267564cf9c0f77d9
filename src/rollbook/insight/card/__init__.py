"""Model cards: what the registry knows, and what people write around it."""
