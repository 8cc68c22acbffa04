"""What survives a restart: SQLite on its own thread, settings, secrets."""
