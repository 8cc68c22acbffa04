"""Everything that is seen: windows, painters, the composer, the theme."""
