/* What a thread says about itself to the system. */
#pragma once

/* Names the calling thread, as top -H and ps -L show it (15 bytes at most), and lets others go
 * before it: `nice` (0 to 19) is added to its niceness, of this thread alone. On Linux; elsewhere,
 * and where the system refuses, it does nothing: a thread works without either. */
void mfd_thread_describe(const char *name, int nice);
