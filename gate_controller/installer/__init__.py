"""Check and identify a gate's devices for the installer; imports the assembly and drivers."""
