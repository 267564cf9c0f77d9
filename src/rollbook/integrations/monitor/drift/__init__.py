"""How far live data is from a reference: pure functions on NumPy arrays, and what makes arrays of columns.

NumPy and Arrow are imported at the top of its modules: they are imported where a check of data runs.
"""
