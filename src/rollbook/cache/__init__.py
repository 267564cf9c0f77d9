"""What is remembered to be faster: safe to delete at any time, never believed when it is broken."""
