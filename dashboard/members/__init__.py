"""What the members page is made of: holdings, treasury, rules."""
