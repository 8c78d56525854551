"""Ask each compound how it is, bounded in time and size, and keep its answer; imports storage and below."""
