"""Looks at pages that people link to, in a process of its own that may reach the public internet and nothing else."""
