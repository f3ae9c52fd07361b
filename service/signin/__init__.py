"""Sign-In with Ethereum (EIP-4361): a wallet signs a text, and its holder gets a session.

Read from the bottom: `message` (the text, pure), `nonces` (each good for one sign-in), `sessions`
(who is signed in), `verification` (is this sign-in good?), `gate` (what takes a session).
"""
