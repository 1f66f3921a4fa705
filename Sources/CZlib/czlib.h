// The door to zlib (internal).
#include <zlib.h>
