// Loaded before the C library: see fail_at.c.
