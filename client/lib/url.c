#include "client/lib/url.h"

#include <string.h>

void mfd_url_escape(struct mfd_buffer *out, const char *text)
{
    static const char unreserved[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                                     "0123456789-._~";
    for (const char *p = text; *p; p++) {
        if (strchr(unreserved, *p))
            mfd_buffer_addc(out, *p);
        else
            mfd_buffer_addf(out, "%%%02X", (unsigned)(unsigned char)*p);
    }
}

void mfd_url_query(struct mfd_buffer *query, const char *name, const char *value)
{
    if (query->len)
        mfd_buffer_addc(query, '&');
    mfd_url_escape(query, name);
    mfd_buffer_addc(query, '=');
    mfd_url_escape(query, value);
}
