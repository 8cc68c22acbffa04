"""The wire contract that server and desktop share: shapes, commands, signals, routes, errors. Imports nothing of ours."""
