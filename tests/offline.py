"""A namespace of its own, in which there is no network but the loopback.

Used by tests/test_offline.py and benchmarks/offline.py: `python tests/offline.py COMMAND ...` runs a
command in such a namespace, which must have been made by `unshare`; see `inside`.
"""

import fcntl
import shutil
import socket
import struct
import subprocess
import sys
from collections.abc import Sequence

_GET, _SET, _UP = 0x8913, 0x8914, 0x1  # SIOCGIFFLAGS, SIOCSIFFLAGS, IFF_UP
ALONE = 77
"""Exit code where the namespace has more than the loopback, or that cannot be set up."""


def inside(command: Sequence[str]) -> list[str]:
    """Return the command line that runs a command where there is the loopback only."""
    return ["unshare", "-rn", sys.executable, __file__, *command]


def why_not() -> str | None:
    """Say why there can be no such namespace here; None where there can."""
    if shutil.which("unshare") is None:
        return "unshare is not installed"
    tried = subprocess.run(inside(["true"]), capture_output=True, text=True, check=False)
    if tried.returncode == 0:
        return None
    said = (tried.stderr.strip() or f"exit code {tried.returncode}").splitlines()[-1]
    return f"namespaces are not allowed ({said})"


def raise_loopback() -> None:
    """Set the loopback up, as `ip link set lo up` does. Raises OSError."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        asked = struct.pack("16sh14x", b"lo", 0)
        flags = struct.unpack("16sh14x", fcntl.ioctl(any_socket, _GET, asked))[1]
        fcntl.ioctl(any_socket, _SET, struct.pack("16sh14x", b"lo", flags | _UP))


def main(command: Sequence[str]) -> int:
    """Run a command; ALONE where the network is not cut off."""
    names = [name for _, name in socket.if_nameindex()]
    if names != ["lo"]:
        print(f"offline: there is more than the loopback: {', '.join(names)}", file=sys.stderr)
        return ALONE
    try:
        raise_loopback()
    except OSError as error:
        print(f"offline: the loopback cannot be set up ({error})", file=sys.stderr)
        return ALONE
    return subprocess.run(command, check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
