#include "client/lib/transport.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/buffer.h"
#include "core/base/cleanup.h"

/* The variable that names a proxy for this server, or NULL. */
static const char *proxy_variable(const struct mfd_transport *t)
{
    static const char *const plain[] = { "http_proxy", "all_proxy", "ALL_PROXY" };
    static const char *const tls[] = { "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY" };
    bool https = strncmp(t->server, "https:", 6) == 0;
    const char *const *names = https ? tls : plain;
    for (size_t i = 0; i < (https ? 4 : 3) && !t->loopback; i++) {
        const char *value = getenv(names[i]);
        if (value && *value)
            return names[i];
    }
    return NULL;
}

static bool is_unreachable(CURLcode code)
{
    return code == CURLE_COULDNT_CONNECT || code == CURLE_COULDNT_RESOLVE_HOST ||
           code == CURLE_COULDNT_RESOLVE_PROXY;
}

/* What to try, behind the reason; empty where we do not know better. */
static void add_remedy(const struct mfd_transport *t, CURLcode code, struct mfd_buffer *out)
{
    bool https = strncmp(t->server, "https:", 6) == 0;
    const char *rest = strchr(t->server, ':'), *proxy = proxy_variable(t);
    if (is_unreachable(code) && proxy)
        mfd_buffer_addf(out, "; %s names a proxy: list the server in no_proxy to go past it",
                        proxy);
    else if (is_unreachable(code))
        mfd_buffer_adds(out, "; is mfdd running there? (--server, MFD_SERVER)");
    else if (code == CURLE_PEER_FAILED_VERIFICATION)
        mfd_buffer_adds(out,
                        "; --cacert FILE (MFD_CACERT) names the authority of a certificate that "
                        "the system does not know");
    else if (code == CURLE_SSL_CACERT_BADFILE)
        mfd_buffer_addf(out, "; --cacert '%s' is to be a file of certificates in PEM",
                        t->ca_file ? t->ca_file : "");
    else if (code == CURLE_GOT_NOTHING && !https)
        mfd_buffer_addf(out, "; if it speaks TLS, its address is https%s", rest);
    else if (code == CURLE_SSL_CONNECT_ERROR && https)
        mfd_buffer_addf(out, "; if it speaks plain HTTP, its address is http%s", rest);
}

int mfd_transport_fail(const struct mfd_transport *t, CURLcode code, const char *detail,
                       struct mfd_error *err)
{
    const char *why = detail[0] ? detail : curl_easy_strerror(code);
    if (code == CURLE_OUT_OF_MEMORY)
        return mfd_fail_nomem(err);
    if (code == CURLE_OPERATION_TIMEDOUT)
        return mfd_fail_as(err, MFD_EIO, "timeout", "%s: %s; allow more with --timeout", t->server,
                           why);
    MFD_CLEANUP(mfd_buffer_deinit) struct mfd_buffer remedy = MFD_BUFFER_INIT;
    add_remedy(t, code, &remedy);
    return mfd_fail_as(err, MFD_EIO, "unreachable", "%s %s%s: %s%s",
                       is_unreachable(code) ? "cannot reach" : "the connection to", t->server,
                       is_unreachable(code) ? "" : " failed", why, remedy.data ? remedy.data : "");
}
