// Loaded before MPICH: see yield_when_idle.c.
