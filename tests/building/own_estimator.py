"""An estimator that skops does not know, in a module that a process of its own can import."""

from __future__ import annotations

from sklearn.linear_model import LogisticRegression


class Shifted(LogisticRegression):  # type: ignore[misc,unused-ignore]
    """A logistic regression under a name of our own."""
