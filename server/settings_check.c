/* What settings say together, and whether what they name is there. */
#include <arpa/inet.h>
#include <string.h>
#include <strings.h>

#include "core/base/log.h"
#include "server/settings.h"

bool mfd_is_loopback(const char *address)
{
    struct in_addr v4;
    struct in6_addr v6;
    if (strcmp(address, "localhost") == 0)
        return true;
    if (inet_pton(AF_INET, address, &v4) == 1)
        return (ntohl(v4.s_addr) >> 24) == 127;
    return inet_pton(AF_INET6, address, &v6) == 1 && IN6_IS_ADDR_LOOPBACK(&v6);
}

static int log_level(const char *name)
{
    static const char *const levels[] = { "error", "warning", "info", "debug" };
    for (int i = 0; i < 4; i++)
        if (strcmp(name, levels[i]) == 0)
            return i;
    return -1;
}

void mfd_settings_apply_log(const struct mfd_settings *s)
{
    mfd_log_set_level((enum mfd_log_level)log_level(s->log_level));
}

/* As a browser sends it in Origin: a scheme, a host and perhaps a port. */
static bool is_origin(const char *s, size_t n)
{
    size_t scheme = strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+.-");
    if (n == 4 && strncasecmp(s, "null", 4) == 0)
        return true;
    return scheme > 0 && scheme + 3 < n && strncmp(s + scheme, "://", 3) == 0 &&
           !memchr(s + scheme + 3, '/', n - scheme - 3);
}

/* A name as in Host, whose port is not looked at. */
static bool is_host(const char *s, size_t n)
{
    return !memchr(s, '/', n) && !memchr(s, ':', n);
}

/* Each word of a comma-separated list must be one that can match. */
static int check_list(const char *key, const char *list, bool (*good)(const char *s, size_t n),
                      const char *remedy, struct mfd_error *err)
{
    for (;;) {
        list += strspn(list, " ,");
        size_t n = strcspn(list, " ,");
        if (n == 0)
            return MFD_OK;
        if (!good(list, n))
            return mfd_fail(err, MFD_EINVAL, "%s: '%.*s' can match none; %s", key, (int)n, list,
                            remedy);
        list += n;
    }
}

static bool named(const struct mfd_named_paths *list, const char *name)
{
    for (size_t i = 0; i < list->n; i++)
        if (strcmp(list->at[i].name, name) == 0)
            return true;
    return false;
}

int mfd_settings_check(const struct mfd_settings *s, struct mfd_error *err)
{
    if (log_level(s->log_level) < 0)
        return mfd_fail(err, MFD_EINVAL, "log.level: '%s' is not error, warning, info or debug",
                        s->log_level);
    if (!s->tls_certificate[0] != !s->tls_key[0])
        return mfd_fail(err, MFD_EINVAL,
                        "server.tls_certificate and server.tls_key belong together; one is empty");
    if (!s->listen[0])
        return mfd_fail(err, MFD_EINVAL, "server.listen is empty; 127.0.0.1 is loopback");
    if (s->default_genome[0] && !named(&s->genomes, s->default_genome))
        return mfd_fail(err, MFD_ENOTFOUND, "defaults.genome: '%s' is none of [genomes]",
                        s->default_genome);
    if (strcmp(s->cors_origins, "*") != 0 &&
        check_list(
            "server.cors_origins", s->cors_origins, is_origin,
            "write origins such as https://lab.example.org or http://localhost:3000, with no "
            "path, or * alone",
            err) < 0)
        return MFD_EINVAL;
    return check_list("server.hosts", s->hosts, is_host,
                      "write names such as mfd.example.org, without scheme and port", err);
}
