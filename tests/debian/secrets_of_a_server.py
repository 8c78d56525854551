"""Secrets that a test gives to an installed server."""

PASSPHRASE, PASSWORD = "a long passphrase", "three unrelated words"

STORED = "systemctl show -P NFileDescriptorStore menjin-web"
