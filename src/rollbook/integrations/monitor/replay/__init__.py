"""A past period, looked at again: what the monitor would have seen and done, and what that looks like.

Nothing here writes anything but the page that somebody asked for: no state, no evidence, no request.
"""
