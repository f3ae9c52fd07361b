"""Where a request comes from, for limits on how much one caller may ask.

Rules:
- The address is the connection's own. No header is believed: whoever sends one can put anything
  into it. Behind a proxy all callers are one source, so the proxy is where to limit them.
- An IPv6 network of 64 bits is one source, for whoever has one address of it has them all.
"""

from __future__ import annotations

from ipaddress import IPv6Address, IPv6Network, ip_address

from fastapi import Request

UNKNOWN = "unknown"
"""All callers whose address the server does not know, such as those on a Unix socket."""

_PREFIX_BITS = 64


def source_of(request: Request) -> str:
    """The source of a request."""
    return UNKNOWN if request.client is None else source_at(request.client.host)


def source_at(host: str) -> str:
    """The source that an address belongs to."""
    try:
        address = ip_address(host)
    except ValueError:
        return UNKNOWN
    if not isinstance(address, IPv6Address):
        return str(address)
    if address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    return str(IPv6Network((address.packed, _PREFIX_BITS), strict=False))
