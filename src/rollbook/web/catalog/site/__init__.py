"""The catalog as files: what changed is written anew, all else stays."""
