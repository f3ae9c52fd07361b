"""The composition root: settings, HTTP routes, command line."""

import os

# Before eth_hash is imported by anyone: it takes its backend from here, and this one is five times
# as fast as the one that it would choose.
os.environ.setdefault("ETH_HASH_BACKEND", "pysha3")
