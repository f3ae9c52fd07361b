"""What members sign here, in their own browser: events, votes and transactions."""
