"""One side of a call's sound, as a browser says it."""

from gate_controller.contract.call_media import MediaCandidate, MediaSide

SIDE = MediaSide(
    ufrag="gOL7",
    pwd="Ci9NwetAurW1JR4xaZykc0Xz",
    fingerprint=bytes(range(32)),
    candidates=(
        MediaCandidate(kind="host", address="192.0.2.7", port=56139),
        MediaCandidate(kind="host", address="859da2c3-b3aa-4f18-b945-2187279d6387.local", port=53701),
        MediaCandidate(kind="srflx", address="2001:db8::7", port=1024),
        MediaCandidate(kind="relay", address="198.51.100.9", port=65535),
    ),
)
