"""Define what gate and server agree on: records, messages, signatures, codes, hours, certificates. Pure."""
