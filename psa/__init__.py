"""The `psa` command: the only composition root, and nothing else."""
