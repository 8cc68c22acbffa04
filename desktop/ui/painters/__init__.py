"""How each kind of row is painted, in the colours of the theme."""
