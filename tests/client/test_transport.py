"""Whom a client trusts to be the server that it was told to ask."""

from __future__ import annotations

import ssl

import pytest

from client.transport import trusted_by


@pytest.mark.parametrize("address", ["https://ledger.example", "HTTPS://ledger.example:8443/at"])
def test_certificates_are_checked_as_usual_where_there_are_any(address: str) -> None:
    assert trusted_by(address) is True


def test_where_nothing_is_encrypted_no_certificate_is_taken() -> None:
    context = trusted_by("http://ledger.example")
    assert isinstance(context, ssl.SSLContext)
    assert context.get_ca_certs() == []
    assert context.verify_mode is ssl.CERT_REQUIRED
    assert context.check_hostname
