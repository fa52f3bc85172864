"""Alembic migrations of schema `city`."""
