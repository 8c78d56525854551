"""Play a small compound on one machine, step by step; may import every other package."""
