"""Qt models that replay the core's row operations and know nothing else."""
