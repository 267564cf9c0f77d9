"""What the world outside learns and tells: the forge, and receivers of notifications."""
