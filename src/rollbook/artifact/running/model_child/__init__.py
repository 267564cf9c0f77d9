"""The programs of the process that runs a model, and of that which converts one.

They are run by the interpreter of the environment that is tried, which need not have Rollbook: they import
nothing of it, only their own modules, by their places beside each other, and are written for Python 3.9.
"""
