"""Exceptions of the face parts, as a tree.

FaceError                    every error this package lets out
├── ModelFileError           a model file is missing or is not the one that was measured
├── TemplateNotOpened        wrong share, wrong gate, wrong consent, or a damaged blob
├── BadFaceSetting           a secret, share or threshold of the wrong size
├── EngineUnfit              an engine that may compare, and not open a gate
├── EngineRefused            no such engine, or one of another package that brings no complete card
├── NoCapability             code asked for a frame or a face without a person's live request
├── UnusablePicture          a picture given on the command line cannot be used
└── BadPairList              a list of pairs to evaluate has a row that cannot be right
"""

from gate_controller.face_control.kept_faces import FaceError


class ModelFileError(FaceError):
    """A model file is missing or differs from the one that was measured."""


class TemplateNotOpened(FaceError):
    """The template stays shut: wrong share, gate, person, consent or engine, or a damaged blob."""


class BadFaceSetting(FaceError):
    """A secret, share or threshold has a size or value that cannot be right."""


class NoCapability(FaceError):
    """This use of the camera has no live request of a person."""


class UnusablePicture(FaceError):
    """A picture is unreadable, or shows no face, or more than one."""


class EngineUnfit(FaceError):
    """The engine's measured curve does not keep the error budget, so it may not open a gate."""


class EngineRefused(FaceError):
    """No engine has this name, or the package that brings it cannot be used; says what is missing."""


class BadPairList(FaceError):
    """A list of pairs cannot be read; names file, row and column."""
