"""Which network addresses belong to the public internet (IANA's special-purpose registries, RFC 6890 and later)."""

from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_address

PUBLIC_IPV6 = IPv6Network("2000::/3")
"""The only space that IANA has given out for global unicast: 4-in-6, NAT64, link-local and the rest lie outside."""
SPECIAL = tuple(
    IPv6Network(text) if ":" in text else IPv4Network(text)
    for text in (
        "0.0.0.0/8",  # this host
        "10.0.0.0/8",
        "100.64.0.0/10",  # carrier-grade NAT
        "127.0.0.0/8",
        "169.254.0.0/16",  # link-local, and the metadata service of every cloud
        "172.16.0.0/12",
        "192.0.0.0/24",
        "192.0.2.0/24",
        "192.31.196.0/24",
        "192.52.193.0/24",
        "192.88.99.0/24",  # 6to4 relays
        "192.168.0.0/16",
        "192.175.48.0/24",
        "198.18.0.0/15",
        "198.51.100.0/24",
        "203.0.113.0/24",
        "224.0.0.0/4",  # multicast
        "240.0.0.0/4",  # reserved, broadcast
        "2001::/23",  # Teredo, ORCHID, benchmarking
        "2001:db8::/32",
        "2002::/16",  # 6to4: carries an IPv4 address of anybody's choice
        "2620:4f:8000::/48",
        "3fff::/20",
    )
)


def is_public(text: str) -> bool:
    """Whether ``text`` is an address of the public internet that a stranger may have us talk to. False for what is no
    address, and for IPv6 addresses that wrap an IPv4 one, whichever that is."""
    try:
        address = ip_address(text)
    except ValueError:
        return False
    if isinstance(address, IPv6Address) and (address.scope_id is not None or address not in PUBLIC_IPV6):
        return False
    return address.is_global and not any(
        address in network for network in SPECIAL if network.version == address.version
    )
