"""`hearth demo`: a server with sample people, two windows side by side, and people who answer. Left out of bundles."""
