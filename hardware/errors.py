"""Exceptions that drivers raise, as a tree.

HardwareError                every error a driver lets out
├── DeviceUnavailable        the device is not there, or went away; it is looked for again
├── DeviceRefused            the device answered, and said no or nonsense
├── OutputNotConfirmed       a relay did not confirm the order; the lock may or may not have moved
└── BadDeviceSetting         the configuration asks for what this device cannot do
"""


class HardwareError(Exception):
    """Message: what failed, on which device, and what to do about it."""


class DeviceUnavailable(HardwareError):
    """The device is not there or went away."""


class DeviceRefused(HardwareError):
    """The device answered with a refusal or with nonsense."""


class OutputNotConfirmed(HardwareError):
    """The relay did not take the order."""


class BadDeviceSetting(HardwareError):
    """The configuration asks for something this device cannot do."""
