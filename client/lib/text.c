#include "client/lib/text.h"

size_t mfd_text_character(const char *text, size_t n, unsigned *code)
{
    /* first byte's mask and value, and the smallest code point each length may spell */
    static const struct {
        unsigned char mask, value;
        unsigned least;
    } forms[] = {
        { 0x80, 0x00, 0 }, { 0xe0, 0xc0, 0x80 }, { 0xf0, 0xe0, 0x800 }, { 0xf8, 0xf0, 0x10000 }
    };
    if (!n)
        return 0;
    unsigned char first = (unsigned char)text[0];
    for (size_t extra = 0; extra < 4; extra++) {
        if ((first & forms[extra].mask) != forms[extra].value)
            continue;
        if (extra >= n)
            return 0;
        unsigned c = first & (unsigned char)~forms[extra].mask;
        for (size_t i = 1; i <= extra; i++) {
            if (((unsigned char)text[i] & 0xc0) != 0x80)
                return 0;
            c = c << 6 | ((unsigned char)text[i] & 0x3f);
        }
        if (c < forms[extra].least || c > 0x10ffff || (c >= 0xd800 && c < 0xe000))
            return 0;
        *code = c;
        return extra + 1;
    }
    return 0;
}

void mfd_text_clean(struct mfd_buffer *out, const char *text, size_t n)
{
    for (size_t i = 0; i < n;) {
        unsigned c = 0;
        size_t len = mfd_text_character(text + i, n - i, &c);
        if (c == '\n' || c == '\t' || c == '\r')
            mfd_buffer_addc(out, ' ');
        else if (!len || c < 0x20 || (c >= 0x7f && c < 0xa0))
            mfd_buffer_addc(out, '?');
        else
            mfd_buffer_add(out, text + i, len);
        i += len ? len : 1;
    }
}
