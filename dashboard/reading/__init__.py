"""What the server is asked, and how its answers are read."""
