// Nothing to call: the library does its work when LD_PRELOAD loads it.
