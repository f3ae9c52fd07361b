"""One web3 provider interface; embedded node on py-evm; remote node over JSON-RPC."""
