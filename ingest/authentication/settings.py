"""What an installation decides about sender authentication, and the bounds that keep hostile mails cheap."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network

PRIVATE_NETWORKS: tuple[IPv4Network | IPv6Network, ...] = tuple(
    ip_network(network)
    for network in ("127.0.0.0/8", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "::1/128", "fc00::/7", "fe80::/10")
)


@dataclass(frozen=True, slots=True)
class AuthenticationSettings:
    """Trust and bounds of the checks.

    `trusted_relay_networks` are our own relays: SPF is not asked of them. `trusted_arc_sealers` are the domains of
    forwarders and mailing lists whose word on the original sender is believed.
    """

    trusted_relay_networks: tuple[IPv4Network | IPv6Network, ...] = PRIVATE_NETWORKS
    trusted_arc_sealers: frozenset[str] = frozenset()
    check_timeout_seconds: float = 10.0
    lookup_limit: int = 60
    signature_limit: int = 8
    header_limit_bytes: int = 1024 * 1024
    body_limit_bytes: int = 64 * 1024 * 1024
    inline_limit_bytes: int = 64 * 1024  # larger mails are hashed in a worker thread

    def is_trusted_relay(self, client_ip: str) -> bool:
        """Whether the address lies in one of our relay networks; an IPv4-mapped IPv6 address counts as IPv4."""
        try:
            address = ip_address(client_ip)
        except ValueError:
            return False
        if address.version == 6 and address.ipv4_mapped is not None:
            address = address.ipv4_mapped
        return any(address in network for network in self.trusted_relay_networks)
