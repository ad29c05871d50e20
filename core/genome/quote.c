#include "core/genome/quote.h"

#include <string.h>

#define SHOWN 40

struct mfd_quoted mfd_quote(const char *s, size_t n)
{
    struct mfd_quoted q;
    size_t shown = n <= SHOWN ? n : SHOWN, at = 0;
    q.text[at++] = '\'';
    for (size_t i = 0; i < shown; i++)
        q.text[at++] = s[i] >= 0x20 && s[i] <= 0x7e ? s[i] : '?';
    q.text[at++] = '\'';
    memcpy(q.text + at, "...", 4);
    if (shown == n)
        q.text[at] = '\0';
    return q;
}
