// Lets ranks share cores under MPICH, as mpi_yield_when_idle does under Open MPI: MPICH 4.0 spins while it waits, and
// with more ranks than cores each message costs a time slice of the rank that it is for.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <sched.h>

unsigned ucp_worker_progress(void *worker);

unsigned ucp_worker_progress(void *worker) {
    static unsigned (*next)(void *);
    if (!next) next = (unsigned (*)(void *))dlsym(RTLD_NEXT, "ucp_worker_progress");
    unsigned happened = next(worker);
    if (!happened) sched_yield();
    return happened;
}
