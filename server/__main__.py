"""`hearth-server` and `python -m server`: gevent takes the standard library over before anything of it is used."""

from gevent import monkey

monkey.patch_all()

from server.cli import main  # noqa: E402 - nothing may be imported before the line above

__all__ = ["main"]

if __name__ == "__main__":
    raise SystemExit(main())
