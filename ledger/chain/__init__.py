"""One chain, wherever it runs: embedded on py-evm or remote over JSON-RPC, behind one interface.

`connect` opens either by URL and hands back a `Chain`: what governance and anchoring write against.
`EmbeddedNode` is the node itself, `RpcEndpoint` serves any web3 provider as JSON-RPC 2.0.
"""
