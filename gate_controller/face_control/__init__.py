"""What a gate may ask of faces and how it forgets them, without any code that looks at one.

Imports storage and lanes. The face part plugs in here; a gate without it has `NoFaces`.
"""
