"""Blobs on real parts."""
