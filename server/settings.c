#include "server/settings.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/cleanup.h"
#include "core/base/file.h"
#include "core/base/memory.h"
#include "core/base/parse.h"
#include "proto/nearest.h"
#include "server/ini.h"

#define MAX_FILE ((size_t)1 << 20)

enum kind { TEXT, PATH, NUMBER, SWITCH };

struct setting {
    const char *section, *key;
    enum kind kind;
    size_t offset;
    const char *text;        /* default of TEXT and PATH */
    int64_t value, min, max; /* default and range of NUMBER and SWITCH */
    const char *what;
};

#define AT(field) offsetof(struct mfd_settings, field)
static const struct setting table[] = {
    { "server", "listen", TEXT, AT(listen), "127.0.0.1", 0, 0, 0,
      "address to listen on; beyond loopback API keys are needed" },
    { "server", "port", NUMBER, AT(port), NULL, 8080, 0, 65535, "0 takes a free one" },
    { "server", "require_keys", SWITCH, AT(require_keys), NULL, 0, 0, 1,
      "ask for an API key on loopback too" },
    { "server", "allow_anonymous", SWITCH, AT(allow_anonymous), NULL, 0, 0, 1,
      "listen beyond loopback without API keys: whoever reaches the port may do anything" },
    { "server", "hosts", TEXT, AT(hosts), "", 0, 0, 0,
      "names the server goes by, comma separated; others in Host are refused where no keys are "
      "asked for (localhost and addresses always count)" },
    { "server", "cors_origins", TEXT, AT(cors_origins), "", 0, 0, 0,
      "origins whose web pages may ask, comma separated, or *" },
    { "server", "tls_certificate", PATH, AT(tls_certificate), "", 0, 0, 0,
      "PEM file with the certificate chain; empty: plain HTTP" },
    { "server", "tls_key", PATH, AT(tls_key), "", 0, 0, 0, "PEM file with its key" },
    { "server", "idle_ms", NUMBER, AT(idle_ms), NULL, 75000, 1000, 3600000,
      "milliseconds a kept connection may be idle" },
    { "server", "drain_ms", NUMBER, AT(drain_ms), NULL, 30000, 0, 3600000,
      "milliseconds that running requests get to finish after SIGTERM" },
    { "server", "workers", NUMBER, AT(workers), NULL, 4, 2, 64,
      "threads that read, encode and look into the store" },
    { "server", "strict_readiness", SWITCH, AT(strict_readiness), NULL, 0, 0, 1,
      "be ready when every model of [models] could be loaded; no: when any model serves" },
    { "state", "dir", PATH, AT(state_dir), "", 0, 0, 0,
      "directory of the registry, jobs and uploads; empty: $STATE_DIRECTORY, else "
      "$XDG_STATE_HOME/mfd, else ~/.local/state/mfd" },
    { "compute", "threads", NUMBER, AT(threads), NULL, 0, 0, 1024, "0: one a core" },
    { "compute", "scratch_mib", NUMBER, AT(scratch_mib), NULL, 0, 0, 1048576,
      "memory for intermediate rows of a run, MiB; 0: the engine's choice" },
    { "compute", "nice", NUMBER, AT(nice), NULL, 5, 0, 19,
      "added to the niceness of the threads that compute, so that what needs none is answered at "
      "once" },
    { "compute", "warm_up", SWITCH, AT(warm_up), NULL, 1, 0, 1,
      "run a window through each model before it serves" },
    { "batch", "passes", NUMBER, AT(batch_passes), NULL, 256, 1, 65536,
      "most window passes merged into one run of an engine" },
    { "batch", "delay_ms", NUMBER, AT(batch_delay_ms), NULL, 1, 0, 1000,
      "how long a lone request may wait for company" },
    { "batch", "target_ms", NUMBER, AT(batch_target_ms), NULL, 200, 10, 10000,
      "how long a run should take: nobody waits longer than one run for his turn" },
    { "jobs", "at_once", NUMBER, AT(jobs_at_once), NULL, 2, 0, 64,
      "jobs that run at a time, behind all requests; 0 holds them back" },
    { "jobs", "turn_ms", NUMBER, AT(jobs_turn_ms), NULL, 5000, 0, 86400000,
      "how long a job may keep its place while another owner has none" },
    { "jobs", "keep_s", NUMBER, AT(jobs_keep_s), NULL, 604800, 1, 315360000,
      "seconds that an ended job and its result are kept" },
    { "log", "level", TEXT, AT(log_level), "info", 0, 0, 0, "error, warning, info or debug" },
    { "log", "access", SWITCH, AT(access_log), NULL, 1, 0, 1, "one line a request" },
    { "defaults", "model", TEXT, AT(default_model), "", 0, 0, 0,
      "model of requests that name none; empty: the first of [models]" },
    { "defaults", "genome", TEXT, AT(default_genome), "", 0, 0, 0,
      "genome of requests that name none; empty: the first of [genomes]" },
};
#define TABLE_SIZE (sizeof table / sizeof *table)

static const struct mfd_limit_info limits[] = MFD_LIMIT_TABLE;
#define LIMITS_SIZE (sizeof limits / sizeof *limits)

/* Sections of NAME = PATH lines. */
static const struct {
    const char *name;
    size_t offset;
    const char *what;
} lists[] = {
    { "models", AT(models), "NAME = bundle, or NAME@VERSION = bundle" },
    { "genomes", AT(genomes), "NAME = FASTA with its index, plain or bgzip" },
};

static char **text_at(const struct mfd_settings *s, size_t offset)
{
    return (char **)((char *)(size_t)s + offset);
}
static int64_t *number_at(const struct mfd_settings *s, size_t offset)
{
    return (int64_t *)((char *)(size_t)s + offset);
}
static bool *switch_at(const struct mfd_settings *s, size_t offset)
{
    return (bool *)((char *)(size_t)s + offset);
}
static struct mfd_named_paths *list_at(const struct mfd_settings *s, size_t offset)
{
    return (struct mfd_named_paths *)((char *)(size_t)s + offset);
}

int mfd_settings_init(struct mfd_settings *s, struct mfd_error *err)
{
    *s = (struct mfd_settings){ .limits = MFD_LIMITS_INIT };
    for (size_t i = 0; i < TABLE_SIZE; i++) {
        if (table[i].kind == NUMBER)
            *number_at(s, table[i].offset) = table[i].value;
        else if (table[i].kind == SWITCH)
            *switch_at(s, table[i].offset) = table[i].value;
        else if (!(*text_at(s, table[i].offset) = mfd_strdup(table[i].text)))
            return mfd_fail_nomem(err);
    }
    return MFD_OK;
}

void mfd_settings_deinit(struct mfd_settings *s)
{
    for (size_t i = 0; i < TABLE_SIZE; i++)
        if (table[i].kind == TEXT || table[i].kind == PATH)
            free(*text_at(s, table[i].offset));
    for (size_t i = 0; i < 2; i++) {
        struct mfd_named_paths *list = list_at(s, lists[i].offset);
        for (size_t k = 0; k < list->n; k++) {
            free(list->at[k].name);
            free(list->at[k].path);
        }
        free(list->at);
    }
    *s = (struct mfd_settings){ 0 };
}

static char *resolve(struct mfd_ini_piece path, const char *directory)
{
    if (path.n == 0 || path.s[0] == '/' || !directory)
        return mfd_strndup(path.s, path.n);
    struct mfd_buffer b = MFD_BUFFER_INIT;
    mfd_buffer_addf(&b, "%s/%.*s", directory, (int)path.n, path.s);
    return mfd_buffer_steal(&b, NULL);
}

static int set_text(char **at, char *text, struct mfd_error *err)
{
    if (!text)
        return mfd_fail_nomem(err);
    free(*at);
    *at = text;
    return MFD_OK;
}

static int set_number(int64_t *at, struct mfd_ini_piece value, int64_t min, int64_t max,
                      struct mfd_error *err)
{
    if (!mfd_parse_i64(value.s, value.n, min, max, at))
        return mfd_fail(err, MFD_EINVAL, "'%.*s' is not a whole number from %lld to %lld",
                        (int)value.n, value.s, (long long)min, (long long)max);
    return MFD_OK;
}

static int set_switch(bool *at, struct mfd_ini_piece value, struct mfd_error *err)
{
    static const char *const words[] = { "no", "yes", "off", "on", "false", "true" };
    for (size_t i = 0; i < 6; i++) {
        if (mfd_ini_is(value, words[i])) {
            *at = i & 1;
            return MFD_OK;
        }
    }
    return mfd_fail(err, MFD_EINVAL, "'%.*s' is neither yes nor no", (int)value.n, value.s);
}

static int add_path(struct mfd_named_paths *list, struct mfd_ini_piece name,
                    struct mfd_ini_piece value, const char *directory, struct mfd_error *err)
{
    if (value.n == 0)
        return mfd_fail(err, MFD_EINVAL, "'%.*s' has no path", (int)name.n, name.s);
    for (size_t i = 0; i < list->n; i++)
        if (mfd_ini_is(name, list->at[i].name))
            return mfd_fail(err, MFD_EEXISTS, "'%.*s' is named twice", (int)name.n, name.s);
    struct mfd_named_path *at = mfd_realloc(list->at, list->n + 1, sizeof *at);
    if (!at)
        return mfd_fail_nomem(err);
    list->at = at;
    at[list->n] = (struct mfd_named_path){ mfd_strndup(name.s, name.n), resolve(value, directory) };
    if (!at[list->n].name || !at[list->n].path) {
        free(at[list->n].name);
        free(at[list->n].path);
        return mfd_fail_nomem(err);
    }
    list->n++;
    return MFD_OK;
}

/* The keys of a section, others as names that nothing is like. */
static const char *key_of(const void *ctx, size_t i)
{
    const struct mfd_ini_piece *section = ctx;
    bool limit = i >= TABLE_SIZE;
    if (!mfd_ini_is(*section, limit ? "limits" : table[i].section))
        return "";
    return limit ? limits[i - TABLE_SIZE].name : table[i].key;
}

static int unknown_key(struct mfd_ini_piece section, struct mfd_ini_piece key,
                       struct mfd_error *err)
{
    const char *near[MFD_NEAREST];
    MFD_AUTO_FREE char *word = mfd_strndup(key.s, key.n);
    if (!word)
        return mfd_fail_nomem(err);
    size_t found = mfd_nearest(word, key_of, &section, TABLE_SIZE + LIMITS_SIZE, near);
    bool hint = found && near[0][0];
    return mfd_fail(err, MFD_ENOTFOUND, "'%s' is not a key of [%.*s]; %s%s%s", word, (int)section.n,
                    section.s, hint ? "did you mean '" : "mfdd --print-config lists them",
                    hint ? near[0] : "", hint ? "'?" : "");
}

static int set_limit(struct mfd_settings *s, struct mfd_ini_piece key, struct mfd_ini_piece value,
                     struct mfd_error *err)
{
    for (size_t i = 0; i < LIMITS_SIZE; i++)
        if (mfd_ini_is(key, limits[i].name))
            return set_number((int64_t *)((char *)&s->limits + limits[i].offset), value, 1,
                              (int64_t)1 << 48, err);
    return unknown_key((struct mfd_ini_piece){ "limits", 6 }, key, err);
}

static int set_in_table(struct mfd_settings *s, size_t i, struct mfd_ini_piece value,
                        const char *directory, struct mfd_error *err)
{
    switch (table[i].kind) {
    case NUMBER:
        return set_number(number_at(s, table[i].offset), value, table[i].min, table[i].max, err);
    case SWITCH:
        return set_switch(switch_at(s, table[i].offset), value, err);
    case PATH:
        return set_text(text_at(s, table[i].offset), resolve(value, directory), err);
    default:
        return set_text(text_at(s, table[i].offset), mfd_strndup(value.s, value.n), err);
    }
}

/* One assignment; `seen` (may be NULL) marks keys of the table and then the limits. */
static int assign(struct mfd_settings *s, struct mfd_ini_piece section, struct mfd_ini_piece key,
                  struct mfd_ini_piece value, const char *directory, bool *seen,
                  struct mfd_error *err)
{
    for (size_t i = 0; i < 2; i++)
        if (mfd_ini_is(section, lists[i].name))
            return add_path(list_at(s, lists[i].offset), key, value, directory, err);
    for (size_t i = 0; i < TABLE_SIZE + LIMITS_SIZE; i++) {
        bool limit = i >= TABLE_SIZE;
        if (!mfd_ini_is(section, limit ? "limits" : table[i].section) ||
            !mfd_ini_is(key, limit ? limits[i - TABLE_SIZE].name : table[i].key))
            continue;
        if (seen && seen[i])
            return mfd_fail(err, MFD_EEXISTS, "'%.*s' is set twice", (int)key.n, key.s);
        if (seen)
            seen[i] = true;
        int status =
            limit ? set_limit(s, key, value, err) : set_in_table(s, i, value, directory, err);
        return status < 0 ? mfd_fail_prefix(err, status, "%.*s", (int)key.n, key.s) : status;
    }
    return unknown_key(section, key, err);
}

static const char *const sections[] = { "server", "state",  "compute", "batch",    "jobs",
                                        "log",    "models", "genomes", "defaults", "limits" };
#define SECTIONS (sizeof sections / sizeof *sections)

static const char *section_of(const void *ctx, size_t i)
{
    (void)ctx;
    return sections[i];
}

static int check_section(struct mfd_ini_piece name, struct mfd_error *err)
{
    const char *near[MFD_NEAREST];
    for (size_t i = 0; i < SECTIONS; i++)
        if (mfd_ini_is(name, sections[i]))
            return MFD_OK;
    MFD_AUTO_FREE char *word = mfd_strndup(name.s, name.n);
    if (!word)
        return mfd_fail_nomem(err);
    bool hint = mfd_nearest(word, section_of, NULL, SECTIONS, near) > 0;
    return mfd_fail(err, MFD_ENOTFOUND, "[%s] is not a section; %s%s%s", word,
                    hint ? "did you mean [" : "mfdd --print-config lists them", hint ? near[0] : "",
                    hint ? "]?" : "");
}

/* A file under way. */
struct file {
    struct mfd_settings *settings;
    const char *directory;
    bool seen[TABLE_SIZE + LIMITS_SIZE];
};

static int on_section(void *arg, struct mfd_ini_piece name, struct mfd_error *err)
{
    (void)arg;
    return check_section(name, err);
}

static int on_value(void *arg, struct mfd_ini_piece section, struct mfd_ini_piece key,
                    struct mfd_ini_piece value, struct mfd_error *err)
{
    struct file *file = arg;
    return assign(file->settings, section, key, value, file->directory, file->seen, err);
}

int mfd_settings_parse(struct mfd_settings *s, const char *text, size_t n, const char *name,
                       const char *directory, struct mfd_error *err)
{
    struct file file = { .settings = s, .directory = directory };
    const struct mfd_ini_reader reader = { on_section, on_value, &file };
    return mfd_ini_parse(text, n, name, &reader, err);
}

int mfd_settings_read(struct mfd_settings *s, const char *path, struct mfd_error *err)
{
    struct mfd_buffer text = MFD_BUFFER_INIT;
    const char *slash = strrchr(path, '/');
    MFD_AUTO_FREE char *directory =
        slash ? mfd_strndup(path, (size_t)(slash - path)) : mfd_strdup(".");
    if (!directory)
        return mfd_fail_nomem(err);
    int status = mfd_file_read(path, MAX_FILE, &text, err);
    if (status == MFD_OK)
        status = mfd_settings_parse(s, text.data ? text.data : "", text.len, path, directory, err);
    mfd_buffer_deinit(&text);
    return status;
}

int mfd_settings_set(struct mfd_settings *s, const char *assignment, struct mfd_error *err)
{
    const char *equals = strchr(assignment, '=');
    const char *dot = strchr(assignment, '.');
    if (!equals || !dot || dot > equals)
        return mfd_fail(err, MFD_EINVAL, "'%s' is not SECTION.KEY=VALUE", assignment);
    struct mfd_ini_piece section = mfd_ini_trim(assignment, dot),
                         key = mfd_ini_trim(dot + 1, equals);
    if (key.n == 0 || key.n > MFD_INI_KEY_MAX)
        return mfd_fail(err, MFD_ENOTFOUND, "'%s' does not begin with SECTION.KEY", assignment);
    int status = check_section(section, err);
    if (status < 0)
        return status;
    return assign(s, section, key, mfd_ini_trim(equals + 1, equals + strlen(equals)), NULL, NULL,
                  err);
}

static void print_line(struct mfd_buffer *out, const char *what, const char *key, const char *value,
                       bool at_default)
{
    mfd_buffer_addf(out, "# %s%s\n%s =%s%s\n", what, at_default ? "" : " (changed)", key,
                    value[0] ? " " : "", value);
}

static void print_setting(const struct mfd_settings *s, const struct setting *t,
                          struct mfd_buffer *out)
{
    char number[24];
    if (t->kind == TEXT || t->kind == PATH) {
        const char *text = *text_at(s, t->offset);
        print_line(out, t->what, t->key, text, strcmp(text, t->text) == 0);
    } else if (t->kind == NUMBER) {
        int64_t value = *number_at(s, t->offset);
        snprintf(number, sizeof number, "%lld", (long long)value);
        print_line(out, t->what, t->key, number, value == t->value);
    } else {
        bool value = *switch_at(s, t->offset);
        print_line(out, t->what, t->key, value ? "yes" : "no", value == t->value);
    }
}

void mfd_settings_print(const struct mfd_settings *s, struct mfd_buffer *out)
{
    const char *section = "";
    mfd_buffer_adds(out, "# mfdd configuration\n");
    for (size_t i = 0; i < TABLE_SIZE; i++) {
        if (strcmp(section, table[i].section) != 0)
            mfd_buffer_addf(out, "\n[%s]\n", section = table[i].section);
        print_setting(s, &table[i], out);
    }
    mfd_buffer_adds(out, "\n[limits]\n");
    for (size_t i = 0; i < LIMITS_SIZE; i++) {
        char what[256], number[24];
        int64_t value = *(const int64_t *)((const char *)&s->limits + limits[i].offset);
        snprintf(what, sizeof what, "%s, %s", limits[i].what, limits[i].unit);
        snprintf(number, sizeof number, "%lld", (long long)value);
        print_line(out, what, limits[i].name, number, value == limits[i].value);
    }
    for (size_t i = 0; i < 2; i++) {
        const struct mfd_named_paths *list = list_at(s, lists[i].offset);
        mfd_buffer_addf(out, "\n[%s]\n# %s\n", lists[i].name, lists[i].what);
        for (size_t k = 0; k < list->n; k++)
            mfd_buffer_addf(out, "%s = %s\n", list->at[k].name, list->at[k].path);
    }
}
