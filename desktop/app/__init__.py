"""The app around core and face: folders, log, the order of starting and ending, signing in and out."""
