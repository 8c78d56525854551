"""What may go wrong with a device, as a tree.

HardwareError                every error a driver lets out
├── DeviceUnavailable        the device is not there, or went away; it is looked for again
├── DeviceRefused            the device answered, and said no or nonsense
├── OutputNotConfirmed       a relay did not take the order; nobody knows whether the lock moved
└── BadDeviceSetting         the configuration asks for what this device cannot do
"""


class HardwareError(Exception):
    """Tell what failed, on which device, and what to do about it."""


class DeviceUnavailable(HardwareError):
    """The device is not there or went away."""


class DeviceRefused(HardwareError):
    """The device answered with a refusal or with nonsense."""


class OutputNotConfirmed(HardwareError):
    """The relay did not take the order."""


class BadDeviceSetting(HardwareError):
    """The configuration asks for something this device cannot do."""
