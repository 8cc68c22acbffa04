"""docs/operating.md tells every command and setting, and none that is not there."""

from __future__ import annotations

import re
from pathlib import Path

from protocol.limits import Limits
from server.config import Config

_DOCUMENT = (Path(__file__).parents[2] / "docs" / "operating.md").read_text(encoding="utf-8")


def test_every_setting_is_told_with_its_default() -> None:
    told = set(re.findall(r"`(\w+)`", _DOCUMENT.partition("## Settings")[2].partition("## The data")[0]))
    assert set(Config.__struct_fields__) - {"data_dir", "limits"} <= told
    for name in Limits.__struct_fields__:
        assert re.search(rf"`{name}`\s+{getattr(Limits(), name)}\b", _DOCUMENT), name


def test_the_service_file_starts_what_there_is() -> None:
    unit = (Path(__file__).parents[2] / "resources" / "hearth-server.service").read_text(encoding="utf-8")
    assert re.search(r"^ExecStart=.*/hearth-server serve --data-dir /var/lib/hearth$", unit, re.MULTILINE)
