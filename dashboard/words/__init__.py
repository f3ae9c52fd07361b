"""What the ledger's codes, terms and times are called when people read them."""
