"""Benchmarks: `make bench` prints one JSON line a figure, with its baseline from the same run."""
