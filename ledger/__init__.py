"""What happened, and how anyone can check it: events, the log, views and audits."""

import os

# Before eth_hash hashes for anyone: it takes its backend from here, and this one is five times as
# fast as the one that it would choose.
os.environ.setdefault("ETH_HASH_BACKEND", "pysha3")
