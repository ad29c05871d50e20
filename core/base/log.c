#include "core/base/log.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "core/base/buffer.h"

static _Atomic int threshold = MFD_LOG_INFO;

void mfd_log_set_level(enum mfd_log_level level)
{
    threshold = (int)level;
}

static void emit(enum mfd_log_level level, const char *members, const char *fmt, va_list ap)
{
    static const char *const names[] = { "error", "warning", "info", "debug" };
    char text[2048], stamp[40];
    struct timespec now;
    struct tm tm;

    vsnprintf(text, sizeof text, fmt, ap);
    clock_gettime(CLOCK_REALTIME, &now);
    gmtime_r(&now.tv_sec, &tm);
    size_t n = strftime(stamp, sizeof stamp, "%Y-%m-%dT%H:%M:%S", &tm);
    snprintf(stamp + n, sizeof stamp - n, ".%03ldZ", now.tv_nsec / 1000000);

    json_t *message = json_string(text);
    char *quoted = message ? json_dumps(message, JSON_ENCODE_ANY) : NULL;
    json_decref(message);
    struct mfd_buffer line = MFD_BUFFER_INIT;
    mfd_buffer_addf(&line, "{\"time\":\"%s\",\"level\":\"%s\",\"message\":%s%s%s}\n", stamp,
                    names[level], quoted ? quoted : "\"(not UTF-8)\"", members ? "," : "",
                    members ? members : "");
    free(quoted);
    if (!line.failed && write(STDERR_FILENO, line.data, line.len) < 0) {
        /* nowhere left to complain */
    }
    mfd_buffer_deinit(&line);
}

void mfd_log(enum mfd_log_level level, const char *fmt, ...)
{
    if ((int)level > threshold)
        return;
    va_list ap;
    va_start(ap, fmt);
    emit(level, NULL, fmt, ap);
    va_end(ap);
}

void mfd_log_json(enum mfd_log_level level, const char *members, const char *fmt, ...)
{
    if ((int)level > threshold)
        return;
    va_list ap;
    va_start(ap, fmt);
    emit(level, members, fmt, ap);
    va_end(ap);
}
