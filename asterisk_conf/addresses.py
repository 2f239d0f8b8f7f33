"""The addresses of this machine, as the PBX finds them for the browsers' sound."""

import fcntl
import socket
import struct

_SIOCGIFADDR = 0x8915
"""netdevice(7): the IPv4 address of an interface."""
_NAME_BYTES = 15
_ADDRESS = slice(20, 24)


def own_addresses() -> tuple[str, ...]:
    """Return the IPv4 addresses of this machine's interfaces beside loopback; those without one are left out."""
    found = []
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        for _, name in socket.if_nameindex():
            request = struct.pack("256s", name.encode()[:_NAME_BYTES])
            try:
                answer = fcntl.ioctl(probe.fileno(), _SIOCGIFADDR, request)
            except OSError:
                continue
            found.append(socket.inet_ntoa(answer[_ADDRESS]))
    return tuple(address for address in found if not address.startswith("127."))
