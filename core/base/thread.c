#define _GNU_SOURCE
#include "core/base/thread.h"

#include <errno.h>
#include <pthread.h>
#include <sys/resource.h>
#include <unistd.h>

void mfd_thread_describe(const char *name, int nice)
{
#ifdef __linux__
    id_t self = (id_t)gettid(); /* Linux counts niceness by thread */
    pthread_setname_np(pthread_self(), name);
    errno = 0;
    int now = getpriority(PRIO_PROCESS, self);
    if (nice > 0 && errno == 0 && setpriority(PRIO_PROCESS, self, now + nice) < 0)
        return; /* it works without */
#else
    (void)name, (void)nice;
#endif
}
