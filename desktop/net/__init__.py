"""The line to the server: REST through requests in worker threads, the live socket through python-socketio."""
