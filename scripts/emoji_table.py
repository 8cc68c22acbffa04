"""Makes resources/emoji/emoji.tsv, the picker's table: `python scripts/emoji_table.py FILE`, gemoji's `db/emoji.json`.

One line an emoji, in Unicode's order: emoji, category, name, short names, other words for it (tabs between).
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

TABLE = Path(__file__).parents[1] / "resources" / "emoji" / "emoji.tsv"


def line(row: dict[str, Any]) -> str:
    """One emoji as a line of the table."""
    columns = (row["emoji"], row["category"], row["description"], " ".join(row["aliases"]), " ".join(row["tags"]))
    return "\t".join(columns) + "\n"


def main() -> None:
    """Write the table."""
    rows: list[dict[str, Any]] = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    TABLE.write_text("".join(line(row) for row in rows if "category" in row), encoding="utf-8")


if __name__ == "__main__":
    main()
