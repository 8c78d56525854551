"""A bell whose broker is away, and what it counts."""

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from web_admin.core.request_times import request_numbers

KEY = Ed25519PrivateKey.generate()


def counted(outcome: str) -> float:
    name = f'menjin_bell_rings_total{{outcome="{outcome}"}} '
    lines = request_numbers().decode().splitlines()
    return sum(float(line.removeprefix(name)) for line in lines if line.startswith(name))
