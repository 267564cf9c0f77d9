"""Cut SARIF's published JSON Schema down to what it demands.

    npm pack @microsoft/jest-sarif@1.0.0-beta.0
    tar xzf microsoft-jest-sarif-1.0.0-beta.0.tgz package/lib/schemas/sarif-2.1.0-rtm.5.json
    python tests/check/cut_sarif_schema.py package/lib/schemas/sarif-2.1.0-rtm.5.json

writes tests/check/sarif-2.1.0.schema.json: the whole schema without its prose. The package is published under
the MIT licence, by https://github.com/microsoft/sarif-js-sdk; the schema is OASIS's, of SARIF 2.1.0.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

_PROSE = {"description", "title"}
_TARGET = Path(__file__).with_name("sarif-2.1.0.schema.json")


def cut(value: Any, *, names: bool = False) -> Any:
    """A schema without its prose. What has `names` is a mapping of names to schemas: any may be called so."""
    if isinstance(value, list):
        return [cut(item) for item in value]
    if not isinstance(value, dict):
        return value
    return {
        key: cut(item, names=not names and key in {"properties", "definitions"})
        for key, item in value.items()
        if names or key not in _PROSE
    }


if __name__ == "__main__":
    text = json.dumps(cut(json.loads(Path(sys.argv[1]).read_text())), separators=(",", ":"), sort_keys=True)
    _TARGET.write_text(text.replace("},", "},\n") + "\n")
