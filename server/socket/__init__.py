"""The Socket.IO door: transport, guard, gateway, commands in, announcements out, and who is there."""
