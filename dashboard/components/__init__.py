"""What pages are put together from. Untrusted text goes through `markup` only."""
