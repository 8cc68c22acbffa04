"""`hearth-server` and `python -m server`: gevent takes the standard library over before anything of it is used."""

from __future__ import annotations

import gc
import sys

# Nothing of what is loaded here is garbage: looking for some takes a tenth of the time that loading takes.
gc.disable()

from gevent import monkey  # noqa: E402 - as all that follows, it is loaded without the collector

monkey.patch_all()

_FOR_CLIENTS = ("aiohttp", "redis", "requests")
"""What python-socketio imports, where it is installed, for its clients and for a bus of its own. A server has neither:
without these it starts in 2.2 s instead of 3.2, and takes 81 MiB instead of 113 (Python 3.11, two slow cores)."""

_absent = [name for name in _FOR_CLIENTS if name not in sys.modules]
# None has the import system say that there is no such module.
sys.modules.update(dict.fromkeys(_absent))  # type: ignore[arg-type]  # the documented None, which no stub allows
import flask_socketio  # noqa: E402, F401 - for what it imports in turn

for _name in _absent:
    del sys.modules[_name]

from server.cli import main  # noqa: E402 - nothing may be imported before the lines above

gc.enable()

__all__ = ["main"]

if __name__ == "__main__":
    raise SystemExit(main())
