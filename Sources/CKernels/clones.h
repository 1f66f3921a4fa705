// One C function, built for several instruction sets; the loader picks. Contraction is off, so that machines with and
// without fused multiply-add give the same bits.
#ifndef COLONNADE_CLONES_H
#define COLONNADE_CLONES_H

#if defined(__x86_64__) && defined(__linux__) && defined(__OPTIMIZE__)
#define CK_CLONES __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define CK_CLONES
#endif

#pragma STDC FP_CONTRACT OFF

#endif
