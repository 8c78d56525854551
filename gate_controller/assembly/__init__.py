"""Compose the gate's parts from a site file; imports everything that a running gate needs."""
