"""What `rollbook export` writes: one kind a module, and what it prints."""
