"""Versions side by side, the best one, and what a metric means."""
