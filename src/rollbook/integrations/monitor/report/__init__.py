"""A page that shows how production went: each check over time, what moved, what was in breach."""
