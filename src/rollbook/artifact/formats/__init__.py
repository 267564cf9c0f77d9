"""What an artifact is, and what its bytes say of it: read without loading, unpacking or running anything."""
