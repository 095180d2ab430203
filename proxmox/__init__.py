"""Comes with its own chapter of the product; see the README."""
