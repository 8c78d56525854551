"""Requests of a gate to its face part, and the deletion of faces, without any code that looks at one.

Imports storage and lanes. The face part plugs in here; a gate without it has `NoFaces`.
"""
