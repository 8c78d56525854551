"""Run `menjin web …`; may import every folder."""
