"""Alembic migrations: forward and back, add first, remove a release later."""
