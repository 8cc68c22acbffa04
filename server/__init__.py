"""The Hearth server: http and socket doors over services over storage."""
