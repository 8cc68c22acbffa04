"""The colours of the design by their names (visual.md), light, dark, and in high contrast."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtGui import QColor


@dataclass(frozen=True, slots=True)
class Theme:
    """The tokens of visual.md by their names; `rail_*` are the navigation rail's own, `*_dot` brighter than words."""

    dark: bool
    background: QColor
    panel: QColor
    rail: QColor
    rail_ink: QColor
    rail_on: QColor
    ink: QColor
    ink2: QColor
    ink3: QColor
    line: QColor
    accent: QColor
    on_accent: QColor
    accent_soft: QColor
    accent_text: QColor
    own_bubble: QColor
    own_ink: QColor
    own_meta: QColor
    tick_read: QColor
    other_bubble: QColor
    muted_badge: QColor
    on_muted_badge: QColor
    good: QColor
    warn: QColor
    bad: QColor
    good_dot: QColor
    warn_dot: QColor
    hover: QColor


LIGHT = Theme(
    dark=False,
    background=QColor("#F4F5F7"),
    panel=QColor("#FFFFFF"),
    rail=QColor("#1F2430"),
    rail_ink=QColor("#A0A9BA"),
    rail_on=QColor("#353A45"),
    ink=QColor("#1B1F27"),
    ink2=QColor("#4F5B70"),
    ink3=QColor("#646E83"),
    line=QColor("#E6E8EC"),
    accent=QColor("#2F6FED"),
    on_accent=QColor("#FFFFFF"),
    accent_soft=QColor("#E8F0FE"),
    accent_text=QColor("#2459C7"),
    own_bubble=QColor("#DCE9FF"),
    own_ink=QColor("#14233F"),
    own_meta=QColor("#4B5A78"),
    tick_read=QColor("#1F5AD0"),
    other_bubble=QColor("#FFFFFF"),
    muted_badge=QColor("#667085"),
    on_muted_badge=QColor("#FFFFFF"),
    good=QColor("#0B7A3C"),
    warn=QColor("#A85B04"),
    bad=QColor("#C9281C"),
    good_dot=QColor("#12A150"),
    warn_dot=QColor("#D97706"),
    hover=QColor("#F4F5F7"),
)

DARK = Theme(
    dark=True,
    background=QColor("#12151B"),
    panel=QColor("#191D25"),
    rail=QColor("#0E1116"),
    rail_ink=QColor("#8A93A3"),
    rail_on=QColor("#26292D"),
    ink=QColor("#E8EAEE"),
    ink2=QColor("#9AA3B2"),
    ink3=QColor("#8A93A3"),
    line=QColor("#262C37"),
    accent=QColor("#5B8DF6"),
    on_accent=QColor("#0B1220"),
    accent_soft=QColor("#1D2A45"),
    accent_text=QColor("#7BA4F8"),
    own_bubble=QColor("#24407A"),
    own_ink=QColor("#EAF1FF"),
    own_meta=QColor("#C3D3F5"),
    tick_read=QColor("#A9C6FF"),
    other_bubble=QColor("#222834"),
    muted_badge=QColor("#4A5364"),
    on_muted_badge=QColor("#E8EAEE"),
    good=QColor("#34C77B"),
    warn=QColor("#F0A33A"),
    bad=QColor("#F97066"),
    good_dot=QColor("#34C77B"),
    warn_dot=QColor("#F0A33A"),
    hover=QColor("#20252F"),
)

CONTRAST = Theme(
    dark=True,
    background=QColor("#000000"),
    panel=QColor("#000000"),
    rail=QColor("#000000"),
    rail_ink=QColor("#FFFFFF"),
    rail_on=QColor("#3A3A3A"),
    ink=QColor("#FFFFFF"),
    ink2=QColor("#F2F2F2"),
    ink3=QColor("#DADADA"),
    line=QColor("#A8A8A8"),
    accent=QColor("#FFD400"),
    on_accent=QColor("#000000"),
    accent_soft=QColor("#2E2600"),
    accent_text=QColor("#FFE15C"),
    own_bubble=QColor("#002E5C"),
    own_ink=QColor("#FFFFFF"),
    own_meta=QColor("#E6F1FF"),
    tick_read=QColor("#8FC7FF"),
    other_bubble=QColor("#262626"),
    muted_badge=QColor("#DADADA"),
    on_muted_badge=QColor("#000000"),
    good=QColor("#5CE89A"),
    warn=QColor("#FFC14D"),
    bad=QColor("#FF9A90"),
    good_dot=QColor("#5CE89A"),
    warn_dot=QColor("#FFC14D"),
    hover=QColor("#262626"),
)
"""For who needs strong contrast: text stands at 7 to 1 or more on every ground (WCAG 2.2, 1.4.6)."""
