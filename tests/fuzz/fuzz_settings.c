/* A configuration file. What was read is printed, and reads back as the same. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "server/settings.h"

static void print_and_read(const struct mfd_settings *s)
{
    struct mfd_error err;
    struct mfd_settings again;
    struct mfd_buffer one = MFD_BUFFER_INIT, two = MFD_BUFFER_INIT;
    mfd_settings_print(s, &one);
    if (mfd_settings_init(&again, &err) < 0 ||
        mfd_settings_parse(&again, one.data, one.len, "printed", "/", &err) < 0)
        abort();
    mfd_settings_print(&again, &two);
    if (one.len != two.len || memcmp(one.data, two.data, one.len) != 0)
        abort();
    mfd_buffer_deinit(&one);
    mfd_buffer_deinit(&two);
    mfd_settings_deinit(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct mfd_error err;
    struct mfd_settings s;
    if (mfd_settings_init(&s, &err) == MFD_OK &&
        mfd_settings_parse(&s, (const char *)data, size, "fuzz", "/d", &err) == MFD_OK)
        print_and_read(&s);
    mfd_settings_deinit(&s);
    return 0;
}
