"""RFC 9162 tree, proofs, tiles, signed notes and checkpoints; pure, no I/O."""
