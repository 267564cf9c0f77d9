"""The index: what a registry's files say as tables, kept in the git directory, brought forward by git's diff.

It is a copy that answers questions about the whole registry quickly. It says which tree it stands for, and
nothing is lost when it is deleted.
"""
