"""A version in one file: what goes from one registry into another, with the tags that vouch for it."""
