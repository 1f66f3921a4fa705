// One C function, built for several instruction sets; the loader picks. Contraction is off, so that machines with and
// without fused multiply-add give the same bits. CK_SEVERAL: there are several, also where a function picks itself.
#ifndef COLONNADE_CLONES_H
#define COLONNADE_CLONES_H

// A sanitizer's runtime starts after the loader has picked, and the functions that pick would call it.
#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define CK_SANITIZED
#endif
#endif

#if defined(__x86_64__) && defined(__linux__) && defined(__OPTIMIZE__) && !defined(CK_SANITIZED)
#define CK_SEVERAL
#define CK_CLONES __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define CK_CLONES
#endif

#pragma STDC FP_CONTRACT OFF

#endif
