#include "cfuzz.h"
#include <stdatomic.h>

// The runtime of the address sanitizer has these.
int __sanitizer_install_malloc_and_free_hooks(void (*)(const volatile void *, size_t), void (*)(const volatile void *));
size_t __sanitizer_get_allocated_size(const volatile void *);

// Atomic, since a reader may have a thread.
static atomic_bool counts;
static atomic_long now, most;

static void allocated(const volatile void *memory, size_t bytes) {
    if (!memory || !atomic_load_explicit(&counts, memory_order_relaxed)) return;
    long all = atomic_fetch_add_explicit(&now, (long)bytes, memory_order_relaxed) + (long)bytes;
    if (all > atomic_load_explicit(&most, memory_order_relaxed)) atomic_store(&most, all);
}

static void released(const volatile void *memory) {
    if (!memory || !atomic_load_explicit(&counts, memory_order_relaxed)) return;
    atomic_fetch_sub_explicit(&now, (long)__sanitizer_get_allocated_size(memory), memory_order_relaxed);
}

void heap_begin(void) {
    static atomic_bool installed;
    if (!atomic_exchange(&installed, 1)) __sanitizer_install_malloc_and_free_hooks(allocated, released);
    atomic_store(&now, 0);
    atomic_store(&most, 0);
    atomic_store(&counts, 1);
}

size_t heap_end(void) {
    atomic_store(&counts, 0);
    return (size_t)atomic_load(&most);
}
