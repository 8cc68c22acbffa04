"""What the server does, once for both doors: no HTTP, no sockets, no SQL in here."""
