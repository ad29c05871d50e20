#include "server/utf8.h"

#include <stdint.h>

bool mfd_utf8_valid(const char *s, size_t n)
{
    for (size_t i = 0; i < n;) {
        uint8_t c = (uint8_t)s[i++];
        if (c < 0x80)
            continue;
        size_t more = c >= 0xf0 ? 3 : c >= 0xe0 ? 2 : 1;
        uint32_t least[] = { 0, 0x80, 0x800, 0x10000 };
        uint32_t value = c & (0x3fu >> more);
        if (c < 0xc2 || c > 0xf4 || n - i < more)
            return false;
        for (size_t k = 0; k < more; k++, i++) {
            if (((uint8_t)s[i] & 0xc0) != 0x80)
                return false;
            value = value << 6 | ((uint8_t)s[i] & 0x3fu);
        }
        if (value < least[more] || value > 0x10ffff || (value >= 0xd800 && value < 0xe000))
            return false;
    }
    return true;
}
