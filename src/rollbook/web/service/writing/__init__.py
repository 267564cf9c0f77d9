"""What is written over HTTP: each write a request, or landed where the caller may have it so."""
