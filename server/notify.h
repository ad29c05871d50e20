/* systemd: readiness, watchdog, sockets handed over. Nothing happens where the daemon was started
 * by something else. */
#pragma once

#include <stdint.h>

/* `status` is a line for people, as `systemctl status` shows it. */
void mfd_notify_ready(const char *status);
void mfd_notify_reloading(void);
void mfd_notify_stopping(void);
void mfd_notify_status(const char *status);
void mfd_notify_alive(void);
/* Milliseconds between two mfd_notify_alive that the watchdog asks for; 0: none. */
uint64_t mfd_notify_interval(void);
/* The first socket handed over, or -1. */
int mfd_notify_socket(void);
