"""What the proposals page is made of: forms, evidence, votes, tallies, steps."""
