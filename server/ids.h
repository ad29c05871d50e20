/* Names of a request: X-Request-Id, and W3C Trace Context (https://www.w3.org/TR/trace-context/).
 */
#pragma once

#include <stddef.h>

struct mfd_ids {
    char request[65]; /* the client's where it is sane, else ours */
    char trace[33];   /* hex */
    char span[17];    /* ours */
    char flags[3];
};

/* All of them ours. */
void mfd_ids_init(struct mfd_ids *ids);
/* The client's in place of ours, where they are sane; either header may be NULL. */
void mfd_ids_adopt(struct mfd_ids *ids, const char *request_id, const char *traceparent);
/* "00-trace-span-flags" */
void mfd_ids_traceparent(const struct mfd_ids *ids, char out[56]);

/* n random bytes as 2n lower-case hex digits and a NUL; from the kernel. */
void mfd_random_hex(char *out, size_t n);
