"""What happened, and how anyone can check it: events, the log, views and audits."""
