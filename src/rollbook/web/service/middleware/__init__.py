"""What every request goes through before a route is asked: its bounds, what is kept, what goes on record."""
