"""Event kinds and bodies, canonical bytes, EIP-712 digest, sign and recover."""
