"""The wire contract of server and desktop: shapes, commands, signals, routes, errors. Imports nothing of ours."""
