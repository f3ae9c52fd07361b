"""Projections from events to rows; each can be rebuilt from the log."""
