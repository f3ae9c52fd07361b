"""Proposals for the API: what a request asks of chain, log and content store, put together.

Read from the bottom: `names` (of members and models), `evidence` and `releases` (what a proposal
rests on), `answers` and `details` (how it is told), `listing` (many of them), `drafting` (before it
is sent).
"""
