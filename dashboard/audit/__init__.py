"""What the audit page is made of: the log, its proofs, its anchors."""
