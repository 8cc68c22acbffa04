"""`hearth` and `python -m desktop`: the app, or with `demo` the app with sample people."""

from __future__ import annotations

import os
import sys
import threading


def main() -> int:
    """Run what the command line asks for; the exit status."""
    if sys.argv[1:2] == ["demo"]:
        # The demo needs the server's extra and is left out of the packaged app.
        try:
            from desktop.demo.stage import main as demo  # noqa: PLC0415
        except ImportError as error:
            sys.stderr.write(f"This Hearth has no demo ({error}). Take the source and say: make demo\n")
            return 2
        return demo(sys.argv[2:])
    from desktop.app.start import main as app  # noqa: PLC0415 - the demo's own process paints nothing

    status = app()
    if threading.active_count() > 1:
        # A request that nobody waits for any more would keep the process for up to 30 s; everything is saved by now.
        os._exit(status)
    return status


if __name__ == "__main__":
    raise SystemExit(main())
