"""`make bench-desktop`: the desktop app measured from outside and within, beside a bare window and other clients."""
