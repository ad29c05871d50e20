#include "server/ids.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>

void mfd_random_hex(char *out, size_t n)
{
    for (size_t done = 0; done < n;) {
        uint8_t bytes[64];
        size_t want = n - done < sizeof bytes ? n - done : sizeof bytes;
        ssize_t got = getrandom(bytes, want, 0); /* up to 256 bytes never fail once seeded */
        for (ssize_t i = 0; i < got; i++, done++) {
            out[2 * done] = "0123456789abcdef"[bytes[i] >> 4];
            out[2 * done + 1] = "0123456789abcdef"[bytes[i] & 15];
        }
    }
    out[2 * n] = '\0';
}

static bool is_hex(const char *s, size_t n)
{
    return strspn(s, "0123456789abcdef") >= n;
}

static bool all_zero(const char *s, size_t n)
{
    return strspn(s, "0") >= n;
}

static bool good_traceparent(const char *s)
{
    size_t n = strlen(s);
    if (n < 55 || !is_hex(s, 2) || s[2] != '-' || !is_hex(s + 3, 32) || s[35] != '-' ||
        !is_hex(s + 36, 16) || s[52] != '-' || !is_hex(s + 53, 2))
        return false;
    if (strncmp(s, "ff", 2) == 0 || all_zero(s + 3, 32) || all_zero(s + 36, 16))
        return false;
    /* later versions may say more behind a hyphen; version 0 may not */
    return n == 55 || (s[55] == '-' && strncmp(s, "00", 2) != 0);
}

static bool good_request_id(const char *s)
{
    size_t n = strspn(s, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz-._:");
    return n > 0 && n <= 64 && s[n] == '\0';
}

void mfd_ids_init(struct mfd_ids *ids)
{
    char random[81]; /* of one call of the kernel */
    mfd_random_hex(random, 40);
    snprintf(ids->request, sizeof ids->request, "%.32s", random);
    snprintf(ids->trace, sizeof ids->trace, "%.32s", random + 32);
    snprintf(ids->span, sizeof ids->span, "%.16s", random + 64);
    memcpy(ids->flags, "00", 3);
}

void mfd_ids_adopt(struct mfd_ids *ids, const char *request_id, const char *traceparent)
{
    if (request_id && good_request_id(request_id))
        snprintf(ids->request, sizeof ids->request, "%s", request_id);
    if (traceparent && good_traceparent(traceparent)) {
        memcpy(ids->trace, traceparent + 3, 32);
        memcpy(ids->flags, traceparent + 53, 2);
        ids->trace[32] = ids->flags[2] = '\0';
    }
}

void mfd_ids_traceparent(const struct mfd_ids *ids, char out[56])
{
    snprintf(out, 56, "00-%s-%s-%s", ids->trace, ids->span, ids->flags);
}
