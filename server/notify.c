#include "server/notify.h"

#include <systemd/sd-daemon.h>
#include <time.h>

void mfd_notify_ready(const char *status)
{
    sd_notifyf(0, "READY=1\nSTATUS=%s", status);
}

void mfd_notify_reloading(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    sd_notifyf(0, "RELOADING=1\nMONOTONIC_USEC=%llu",
               (unsigned long long)now.tv_sec * 1000000 + (unsigned long long)now.tv_nsec / 1000);
}

void mfd_notify_stopping(void)
{
    sd_notify(0, "STOPPING=1\nSTATUS=Finishing requests");
}

void mfd_notify_status(const char *status)
{
    sd_notifyf(0, "STATUS=%s", status);
}

void mfd_notify_alive(void)
{
    sd_notify(0, "WATCHDOG=1");
}

uint64_t mfd_notify_interval(void)
{
    uint64_t microseconds = 0;
    return sd_watchdog_enabled(0, &microseconds) > 0 ? microseconds / 2000 : 0;
}

int mfd_notify_socket(void)
{
    return sd_listen_fds(1) > 0 ? SD_LISTEN_FDS_START : -1;
}
