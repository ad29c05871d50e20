/* One line of JSON a message on stderr. Libraries log at debug only; programs choose the level. */
#pragma once

#include "core/base/error.h"

enum mfd_log_level { MFD_LOG_ERROR, MFD_LOG_WARNING, MFD_LOG_INFO, MFD_LOG_DEBUG };

/* Messages above `level` are dropped; default MFD_LOG_INFO. Any thread. */
void mfd_log_set_level(enum mfd_log_level level);

/* {"time":...,"level":...,"message":...}; one write(2) a line, safe from any thread. */
void mfd_log(enum mfd_log_level level, const char *fmt, ...) MFD_PRINTF(2, 3);

/* The same with further members already encoded as JSON, such as "\"port\":8080" (may be NULL). */
void mfd_log_json(enum mfd_log_level level, const char *members, const char *fmt, ...)
    MFD_PRINTF(3, 4);
