"""Measure face engines for `menjin face`; imports every other part of face."""
