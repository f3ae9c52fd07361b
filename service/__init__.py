"""The composition root: settings, HTTP routes, command line."""
