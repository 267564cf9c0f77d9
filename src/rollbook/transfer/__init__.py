"""A registry in other forms: bundles, static files, and models taken over from GTO."""
