"""What a script, the CLI and the dashboard use: signs locally, verifies what it is told."""
