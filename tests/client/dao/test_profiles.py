"""A profile is the file that the service reads a member's name from."""

from __future__ import annotations

import json

from client.dao import MemberProfile
from ledger.content.cid import Cid, Codec


def test_a_profile_is_canonical_and_says_the_name() -> None:
    assert MemberProfile("Lake Hospital").document == b'{"name":"Lake Hospital"}'
    name = 'Hôpital "du Lac" 病院'
    assert json.loads(MemberProfile(name).document) == {"name": name}


def test_a_profile_is_found_by_the_digest_that_contracts_hold() -> None:
    profile = MemberProfile("Lake Hospital")
    assert len(profile.digest) == 66
    digest = bytes.fromhex(profile.digest.removeprefix("0x"))
    assert profile.content == str(Cid(Codec.RAW, digest))
