"""The Hearth desktop app: a core without a face, and Qt around it."""
