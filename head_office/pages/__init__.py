"""Show staff of the head office how the compounds are; change none. Imports all below."""
