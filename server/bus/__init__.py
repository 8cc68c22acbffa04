"""News between the processes of one server: what each tells, over Redis, so that their sockets hear the same."""
