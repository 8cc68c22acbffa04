"""Structured logs: one JSON object a line on standard error, with the id of the request that caused it.

What people write, tokens, file names and query strings are never given to a log call; `extra` holds plain facts.
"""

from __future__ import annotations

import contextvars
import json
import logging
import sys
import time

request_id: contextvars.ContextVar[str] = contextvars.ContextVar("request_id", default="")
"""The request being served, for every line logged meanwhile."""

_ALWAYS = frozenset(logging.makeLogRecord({}).__dict__) | {"message", "asctime", "color_message"}


class JsonLines(logging.Formatter):
    """Writes a record as JSON: time, level, logger, message, worker, request id, `extra`, traceback."""

    def __init__(self, worker: int = 0) -> None:
        super().__init__()
        self._worker = worker

    def format(self, record: logging.LogRecord) -> str:
        """One line."""
        moment = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created))
        line: dict[str, object] = {
            "time": f"{moment}.{int(record.msecs):03d}Z",
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        if self._worker:
            line["worker"] = self._worker
        if request_id.get():
            line["request_id"] = request_id.get()
        line.update({key: value for key, value in record.__dict__.items() if key not in _ALWAYS})
        if record.exc_info:
            line["traceback"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False, default=str)


def install(level: str, worker: int = 0) -> None:
    """Log everything from `level` on as JSON lines, with the worker's number in them; libraries only from WARNING."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines(worker))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    for library in ("alembic", "engineio", "socketio", "sqlalchemy", "werkzeug", "PIL", "geventwebsocket"):
        logging.getLogger(library).setLevel(logging.WARNING)
