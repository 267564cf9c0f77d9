"""The program of the process that runs a model.

It is run by the interpreter of the environment that is tried, which need not have Rollbook: it imports
nothing of it, only its own modules, by their places beside each other, and is written for Python 3.9.
"""
