"""Content-addressed blobs: CIDs, the embedded block store, Kubo over its RPC."""
