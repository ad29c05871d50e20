/* What an administrator can set: by a configuration file, by --set on the command line, and printed
 * whole, with its meaning, by --print-config.
 *
 * The file is INI: [section], key = value, comments after # or ; at the beginning of a line. A
 * value runs to the end of its line, blanks at either end taken off. Unknown sections and keys,
 * doubled keys, values of the wrong kind or out of range are errors that name file and line. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/buffer.h"
#include "core/base/error.h"
#include "proto/limits.h"

/* [models] and [genomes]: NAME = PATH, in the order given. */
struct mfd_named_path {
    char *name, *path;
};
struct mfd_named_paths {
    struct mfd_named_path *at;
    size_t n;
};

struct mfd_settings {
    /* [server] */
    char *listen;
    int64_t port;
    bool require_keys, allow_anonymous, strict_readiness;
    char *hosts, *cors_origins;
    char *tls_certificate, *tls_key;
    int64_t idle_ms, drain_ms, workers;
    /* [state] */
    char *state_dir;
    /* [compute] */
    int64_t threads, scratch_mib, nice;
    bool warm_up;
    /* [batch] */
    int64_t batch_passes, batch_delay_ms, batch_target_ms;
    /* [jobs] */
    int64_t jobs_at_once, jobs_turn_ms, jobs_keep_s;
    /* [log] */
    char *log_level;
    bool access_log;
    /* [defaults] */
    char *default_model, *default_genome;
    struct mfd_limits limits;
    struct mfd_named_paths models, genomes;
};

int mfd_settings_init(struct mfd_settings *s, struct mfd_error *err) MFD_MUST_CHECK;
void mfd_settings_deinit(struct mfd_settings *s);

/* Apply the n bytes of a file called `name` (for messages). A relative path in it counts from
 * `directory`. The settings may be half changed on failure. */
int mfd_settings_parse(struct mfd_settings *s, const char *text, size_t n, const char *name,
                       const char *directory, struct mfd_error *err) MFD_MUST_CHECK;
int mfd_settings_read(struct mfd_settings *s, const char *path,
                      struct mfd_error *err) MFD_MUST_CHECK;
/* One "section.key=value", as of --set. */
int mfd_settings_set(struct mfd_settings *s, const char *assignment,
                     struct mfd_error *err) MFD_MUST_CHECK;
/* What no single line can tell: settings that contradict one another. */
int mfd_settings_check(const struct mfd_settings *s, struct mfd_error *err) MFD_MUST_CHECK;
/* Append the whole configuration, with a comment on each key, such that reading it gives it again.
 */
void mfd_settings_print(const struct mfd_settings *s, struct mfd_buffer *out);
/* Is this address one that only this machine can reach? */
bool mfd_is_loopback(const char *address);
/* Let the log follow log.level. */
void mfd_settings_apply_log(const struct mfd_settings *s);
