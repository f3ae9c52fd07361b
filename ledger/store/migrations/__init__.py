"""Alembic's environment and the versions of the schema; packaged, so an installed Concord can
migrate.
"""
