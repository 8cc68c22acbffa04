"""Measurements of the server against references that run beside it, told as ratios; never part of the tests."""
