"""What the desktop knows and decides, in plain Python: no Qt, no sockets, no disk."""
