#include "client/mfd/app.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "client/lib/url.h"
#include "client/mfd/command.h"
#include "core/base/memory.h"
#include "core/base/parse.h"

volatile sig_atomic_t app_interrupted;

void app_note(const struct app *app, const char *fmt, ...)
{
    if (app->set.quiet)
        return;
    va_list ap;
    va_start(ap, fmt);
    fputs("mfd: ", stderr);
    vfprintf(stderr, fmt, ap);
    fputc('\n', stderr);
    va_end(ap);
}

static void on_notice(void *arg, const char *text)
{
    app_note(arg, "%s", text);
}

size_t app_terminal_width(int fd)
{
    struct winsize size;
    const char *columns = getenv("COLUMNS");
    int64_t n;
    if (columns && mfd_parse_i64(columns, strlen(columns), 20, 10000, &n))
        return (size_t)n;
    return ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col ? size.ws_col : 80;
}

static bool wants_colour(const struct settings *set, bool terminal)
{
    const char *no = getenv("NO_COLOR"), *term = getenv("TERM");
    if (set->colour != WHEN_AUTO)
        return set->colour == WHEN_ALWAYS;
    return terminal && !(no && *no) && !(term && strcmp(term, "dumb") == 0);
}

/* The format that a file's name asks for. */
static enum format format_of(const char *path)
{
    static const struct {
        const char *suffix;
        enum format format;
    } known[] = { { ".vcf", FORMAT_VCF },
                  { ".json", FORMAT_JSON },
                  { ".ndjson", FORMAT_NDJSON },
                  { ".jsonl", FORMAT_NDJSON } };
    size_t n = strlen(path);
    n -= n > 3 && strcmp(path + n - 3, ".gz") == 0 ? 3 : 0;
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        size_t len = strlen(known[i].suffix);
        if (n > len && strncmp(path + n - len, known[i].suffix, len) == 0)
            return known[i].format;
    }
    return FORMAT_TSV;
}

int app_open(struct app *app, struct mfd_error *err)
{
    const struct settings *set = &app->set;
    bool terminal = !set->output && isatty(fileno(app->out)), errors = isatty(STDERR_FILENO);
    app->format = (enum format)set->format;
    if (app->format == FORMAT_AUTO)
        app->format = set->output ? format_of(set->output) : terminal ? FORMAT_TABLE : FORMAT_TSV;
    if (app->format == FORMAT_VCF && !(app->command->groups & FOR_SCORE))
        return mfd_fail_as(err, MFD_EINVAL, "usage", "mfd %s writes no VCF", app->command->name);
    app->style = (struct sheet_style){
        .tsv = app->format == FORMAT_TSV,
        .header = !set->no_header,
        .colour = app->format == FORMAT_TABLE && wants_colour(set, terminal),
        .width = terminal ? app_terminal_width(fileno(app->out)) : 0,
    };
    app->talks = errors && !set->quiet;
    app->colour_errors = wants_colour(set, errors);
    struct mfd_client_options options = MFD_CLIENT_OPTIONS_INIT;
    options.server = set->server;
    options.key = set->key;
    options.ca_file = set->cacert;
    options.retries = set->retries;
    options.idle_ms = set->timeout_s * 1000;
    options.cancel = &app_interrupted;
    options.notice = on_notice;
    options.notice_arg = app;
    return mfd_client_new(&app->client, &options, err);
}

void app_close(struct app *app)
{
    mfd_client_free(app->client);
    app->client = NULL;
    free(app->default_model);
    app->default_model = NULL;
}

/* Look up the model that requests without a name go to. */
static int find_default_model(struct app *app, struct mfd_error *err)
{
    json_t *document, *model, *chosen = NULL;
    int status = mfd_client_json(app->client, "/api/v1/models", NULL, NULL, &document, err);
    if (status < 0)
        return status;
    json_t *models = json_object_get(document, "models");
    size_t i;
    json_array_foreach(models, i, model)
    {
        if (json_is_true(json_object_get(model, "default")) || json_array_size(models) == 1)
            chosen = model;
    }
    const char *name = json_string_value(json_object_get(chosen, "name"));
    app->default_model = name ? mfd_strdup(name) : NULL;
    if (!name)
        status = mfd_fail(err, MFD_ENOTFOUND,
                          "the server names no default model; choose one of "
                          "`mfd models` with --model");
    else if (!app->default_model)
        status = mfd_fail_nomem(err);
    json_decref(document);
    return status;
}

int app_model_path(struct app *app, struct mfd_buffer *path, const char *rest,
                   struct mfd_error *err)
{
    int status = MFD_OK;
    mfd_buffer_adds(path, "/api/v1/models/");
    if (!app->set.model && !app->default_model)
        status = find_default_model(app, err);
    if (status == MFD_OK)
        mfd_url_escape(path, app->set.model ? app->set.model : app->default_model);
    if (rest)
        mfd_buffer_adds(path, rest);
    return status < 0 ? status : path->failed ? mfd_fail_nomem(err) : MFD_OK;
}
