#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "client/lib/url.h"
#include "client/mfd/choice.h"
#include "client/mfd/command.h"
#include "client/mfd/compute.h"
#include "client/mfd/download.h"
#include "client/mfd/job.h"
#include "client/mfd/show.h"
#include "core/base/cleanup.h"
#include "core/base/file.h"

#define MOST_STDIN ((size_t)1 << 30) /* bytes of a VCF on standard input */

static const struct show_column columns[] = {
    { "id", "id", SHEET_LEFT, false, 0 },
    { "operation", "operation", SHEET_LEFT, false, 0 },
    { "state", "state", SHEET_LEFT, false, 0 },
    { "done", "progress.done", SHEET_RIGHT, false, 0 },
    { "items", "progress.items", SHEET_RIGHT, false, 0 },
    { "ok", "summary.ok", SHEET_RIGHT, false, 0 },
    { "skipped", "summary.skipped", SHEET_RIGHT, false, 0 },
    { "error", "summary.error", SHEET_RIGHT, false, 0 },
    { "bytes", "result.available", SHEET_RIGHT, false, 0 },
    { "model", "model", SHEET_LEFT, true, 0 },
    { "created", "created", SHEET_RIGHT, false, 0 },
};

/* --- one job --- */

static int show(struct app *app, const char *id, struct mfd_error *err)
{
    json_t *job;
    int status = job_get(app, id, &job, err);
    if (status < 0)
        return status;
    status = show_card(app, job, err);
    json_decref(job);
    return status;
}

static int cancel(struct app *app, const char *id, struct mfd_error *err)
{
    json_t *job;
    int status = job_get(app, id, &job, err);
    if (status < 0)
        return status;
    if (job_has_ended(job))
        app_note(app, "job %s is %s already", id, job_state(job));
    else
        status = job_end(app, id, err);
    json_decref(job);
    return status;
}

static int forget(struct app *app, const char *id, struct mfd_error *err)
{
    json_t *job;
    int status = job_get(app, id, &job, err);
    if (status < 0)
        return status;
    if (!job_has_ended(job))
        status = job_end(app, id, err);
    json_decref(job);
    return status == MFD_OK ? job_end(app, id, err) : status;
}

/* --- waiting --- */

struct watch {
    struct app *app;
    size_t told; /* items done, when that was last said */
};

static void tell(void *arg, json_t *job)
{
    struct watch *watch = arg;
    size_t done = job_count(job, "progress.done");
    const char *stuck = json_string_value(show_member(job, "stuck.detail"));
    if (done != watch->told || stuck)
        app_note(watch->app, "%zu of %zu done%s%s", done, job_count(job, "progress.items"),
                 stuck ? "; it waits: " : "", stuck ? stuck : "");
    watch->told = done;
}

/* How a job ends is this program's own end. */
static int wait_for(struct app *app, const char *id, struct mfd_error *err)
{
    struct watch watch = { .app = app };
    json_t *job;
    int status = job_wait(app, id, tell, &watch, &job, err);
    if (status < 0)
        return status;
    app->ok += job_count(job, "summary.ok");
    app->skipped += job_count(job, "summary.skipped");
    app->failed += job_count(job, "summary.error");
    status = job_check(job, err);
    json_decref(job);
    return status;
}

/* --- its result --- */

static int write_bytes(void *arg, const char *bytes, size_t n, struct mfd_error *err)
{
    if (fwrite(bytes, 1, n, arg) < n)
        return mfd_fail(err, MFD_EIO, "cannot write the result: %s", strerror(errno));
    return MFD_OK;
}

static int result(struct app *app, const char *id, struct mfd_error *err)
{
    if (app->set.format != FORMAT_AUTO)
        return mfd_fail_as(err, MFD_EINVAL, "usage",
                           "a result has the format that its job was submitted with; --format goes "
                           "with jobs submit");
    return app->set.output ? download_result(app, id, err)
                           : job_result(app, id, write_bytes, app->out, err);
}

/* --- submitting --- */

static const char *format_of(const struct settings *set)
{
    static const char *const names[] = { "tsv", "tsv", "tsv", "json", "ndjson", "vcf" };
    return names[set->format];
}

/* For people the job; for programs its identifier. */
static int show_accepted(struct app *app, json_t *job, struct mfd_error *err)
{
    const char *id = json_string_value(json_object_get(job, "id"));
    if (!id || isatty(fileno(app->out)))
        return show_card(app, job, err);
    if (fprintf(app->out, "%s\n", id) < 0)
        return mfd_fail(err, MFD_EIO, "cannot write: %s", strerror(errno));
    return MFD_OK;
}

static int post_json(struct app *app, const char *operation, json_t *request, struct mfd_error *err)
{
    json_t *job = NULL;
    int status = job_submit(app, operation, request, format_of(&app->set), &job, err);
    if (status == MFD_OK)
        status = show_accepted(app, job, err);
    json_decref(job);
    return status;
}

/* Every input of a source as an element of `member`. */
static int take_inputs(json_t *request, const char *member, struct source *source,
                       struct mfd_error *err)
{
    json_t *list = json_array(), *item = NULL;
    int status = list ? 1 : mfd_fail_nomem(err);
    while (status > 0 && (status = source_next(source, &item, err)) > 0)
        json_array_append_new(list, item);
    if (status == MFD_OK && json_object_set(request, member, list) < 0)
        status = mfd_fail_nomem(err);
    json_decref(list);
    return status;
}

/* What is asked of variants beside tracks and settings. */
static int add_words_of(json_t *request, const struct settings *set, struct mfd_error *err)
{
    int status = compute_words(request, "scores", &set->scores, err);
    return status == MFD_OK ? compute_words(request, "features", &set->features, err) : status;
}

static int submit_windows(struct app *app, const char *operation, int argc, char **argv,
                          struct mfd_error *err)
{
    struct source source = { 0 };
    bool sequences, features = strcmp(operation, "features") == 0;
    int status = compute_inputs(&source, &app->set, argc, argv, &sequences, err);
    json_t *request = compute_options(&app->set);
    if (status == MFD_OK && !request)
        status = mfd_fail_nomem(err);
    if (status == MFD_OK && !features)
        status = compute_track_options(request, &app->set, err);
    if (status == MFD_OK)
        status = take_inputs(request, sequences ? "sequences" : "intervals", &source, err);
    if (status == MFD_OK)
        status = post_json(app, operation, request, err);
    json_decref(request);
    source_close(&source);
    return status;
}

static int submit_variants(struct app *app, int argc, char **argv, struct mfd_error *err)
{
    struct source source = { 0 };
    json_t *request = compute_options(&app->set);
    int status = request ? choice_add(app, request, err) : mfd_fail_nomem(err);
    source_words(&source, argv, (size_t)argc);
    if (status == MFD_OK)
        status = add_words_of(request, &app->set, err);
    if (status == MFD_OK)
        status = take_inputs(request, "variants", &source, err);
    if (status == MFD_OK)
        status = post_json(app, "variants/score", request, err);
    json_decref(request);
    source_close(&source);
    return status;
}

static void add_words(struct mfd_buffer *query, const char *name, const json_t *words)
{
    struct mfd_buffer all = MFD_BUFFER_INIT;
    json_t *word;
    size_t i;
    json_array_foreach(words, i, word)
        mfd_buffer_addf(&all, "%s%s", i ? "," : "", json_string_value(word));
    query->failed |= all.failed;
    if (all.data)
        mfd_url_query(query, name, all.data);
    mfd_buffer_deinit(&all);
}

static void add_parameter(struct mfd_buffer *query, const char *name, const json_t *value)
{
    static const char *const lists[] = { "over", "components", "scores", "features" };
    if (json_is_string(value) || json_is_boolean(value)) {
        const char *truth = json_is_true(value) ? "true" : "false";
        mfd_url_query(query, name, json_is_string(value) ? json_string_value(value) : truth);
        return;
    }
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++)
        if (strcmp(lists[i], name) == 0) {
            add_words(query, name, value);
            return;
        }
    MFD_AUTO_FREE char *text = json_dumps(value, JSON_COMPACT);
    query->failed |= !text;
    if (text)
        mfd_url_query(query, name, text);
}

/* Options of a VCF are parameters: each member of the request that a list would have, those of
 * "tracks" by themselves. */
static int query_of(struct app *app, struct mfd_buffer *query, struct mfd_error *err)
{
    json_t *options = compute_options(&app->set), *value, *id;
    int status = options ? choice_add(app, options, err) : mfd_fail_nomem(err);
    const char *name;
    size_t i;
    mfd_url_query(query, "operation", "variants/score");
    mfd_url_query(query, "format", format_of(&app->set));
    if (status == MFD_OK)
        status = add_words_of(options, &app->set, err);
    json_t *tracks = json_incref(json_object_get(options, "tracks"));
    json_object_del(options, "tracks");
    json_array_foreach(json_object_get(tracks, "ids"), i, id)
        mfd_url_query(query, "track", json_string_value(id));
    json_object_del(tracks, "ids");
    json_object_foreach(tracks, name, value) add_parameter(query, name, value);
    json_object_foreach(options, name, value) add_parameter(query, name, value);
    json_decref(tracks);
    json_decref(options);
    return status == MFD_OK && query->failed ? mfd_fail_nomem(err) : status;
}

static int post_vcf(struct app *app, const void *bytes, size_t n, struct mfd_error *err)
{
    struct mfd_buffer query = MFD_BUFFER_INIT;
    json_t *job = NULL;
    bool gzip = n > 2 && memcmp(bytes, "\x1f\x8b", 2) == 0;
    int status = query_of(app, &query, err);
    struct mfd_client_request request = { .query = query.data,
                                          .body = bytes,
                                          .body_len = n,
                                          .body_type = gzip ? "application/gzip" : "text/vcf" };
    if (status == MFD_OK)
        status = job_post(app, &request, &job, err);
    if (status == MFD_OK)
        status = show_accepted(app, job, err);
    json_decref(job);
    mfd_buffer_deinit(&query);
    return status;
}

/* A VCF goes as it is. */
static int submit_vcf(struct app *app, const char *path, struct mfd_error *err)
{
    struct mfd_map map = { 0 };
    struct mfd_buffer text = MFD_BUFFER_INIT;
    bool standard = strcmp(path, "-") == 0;
    int status = standard ? mfd_file_read("/dev/stdin", MOST_STDIN, &text, err)
                          : mfd_map_open(&map, path, err);
    const void *bytes = standard ? text.data : map.data;
    if (status == MFD_OK)
        status = post_vcf(app, bytes ? bytes : "", standard ? text.len : map.size, err);
    mfd_buffer_deinit(&text);
    mfd_map_close(&map);
    return status;
}

static int submit_request(struct app *app, const char *operation, const char *path,
                          struct mfd_error *err)
{
    json_error_t where;
    json_t *request = json_load_file(path, 0, &where);
    if (!request && where.line < 0)
        return mfd_fail(err, MFD_EIO, "cannot read '%s': %s", path, strerror(errno));
    if (!request)
        return mfd_fail(err, MFD_EFORMAT, "%s, line %d: %s", path, where.line, where.text);
    int status = post_json(app, operation, request, err);
    json_decref(request);
    return status;
}

static bool ends_in(const char *text, const char *ending)
{
    size_t n = strlen(text), m = strlen(ending);
    return n > m && strcmp(text + n - m, ending) == 0;
}

/* Settings of the metadata are of scores alone. */
static int check_settings(const struct settings *set, bool score, struct mfd_error *err)
{
    bool any = set->over.n || set->levels || set->distribution || set->given_settings.n ||
               set->set.n || set->like || set->bias || set->a.n || set->b.n || set->held;
    if (score || !any)
        return choice_check(set, err);
    return compute_misuse(err, "--over, --set, --a and --b, and what goes with them, are of score; "
                               "other operations take them in a REQUEST.json");
}

static int submit(struct app *app, int argc, char **argv, struct mfd_error *err)
{
    const char *operation = argc ? argv[0] : "";
    bool score = strcmp(operation, "score") == 0 || strcmp(operation, "variants/score") == 0;
    bool file = argc == 2 && (strcmp(argv[1], "-") == 0 || access(argv[1], F_OK) == 0);
    if (argc == 2 && ends_in(argv[1], ".json"))
        return submit_request(app, score ? "variants/score" : operation, argv[1], err);
    int status = check_settings(&app->set, score, err);
    if (status < 0)
        return status;
    if (score && (app->set.vcf || file))
        return submit_vcf(app, app->set.vcf ? app->set.vcf : argv[1], err);
    if (score && argc > 1)
        return submit_variants(app, argc - 1, argv + 1, err);
    if (strcmp(operation, "predict") == 0 || strcmp(operation, "features") == 0)
        return submit_windows(app, operation, argc - 1, argv + 1, err);
    return compute_misuse(err, "submit what? predict, features and score take what these commands "
                               "take, and every operation a REQUEST.json");
}

/* --- the command --- */

static const struct {
    const char *name;
    int (*act)(struct app *app, const char *id, struct mfd_error *err);
} acts[] = { { "show", show },
             { "wait", wait_for },
             { "result", result },
             { "cancel", cancel },
             { "delete", forget } };

static int run(struct app *app, int argc, char **argv, struct mfd_error *err)
{
    if (argc == 0 || (argc == 1 && strcmp(argv[0], "list") == 0))
        return show_listing(app, JOBS, NULL, "jobs", columns, sizeof columns / sizeof *columns,
                            NULL, err);
    if (strcmp(argv[0], "submit") == 0)
        return submit(app, argc - 1, argv + 1, err);
    for (size_t i = 0; i < sizeof acts / sizeof *acts; i++) {
        if (strcmp(argv[0], acts[i].name) != 0)
            continue;
        int status = argc > 1 ? MFD_OK : compute_misuse(err, "%s which job?", argv[0]);
        for (int k = 1; k < argc && status == MFD_OK; k++)
            status = acts[i].act(app, argv[k], err);
        return status;
    }
    return compute_misuse(
        err, "'%s' is not one of list, show, submit, wait, result, cancel, delete", argv[0]);
}

const struct command command_jobs = {
    .name = "jobs",
    .arguments = "[list | submit OPERATION INPUT... | show|wait|result|cancel|delete JOB...]",
    .summary = "large requests that the server computes in the background",
    .details =
        "submit predict, features or score with what these commands take, a VCF as it is, or any\n"
        "operation with a REQUEST.json; --format is that of the result. wait ends when the job\n"
        "does, result writes what it computed (into --output FILE it goes on where an earlier\n"
        "run was interrupted), delete forgets it.",
    .most = 100000,
    .groups = FOR_MODEL | FOR_TRACKS | FOR_WHERE | FOR_COMPUTE | FOR_VALUES | FOR_INPUT |
              FOR_SCORE | FOR_LIST_LENGTH | FOR_VIRTUAL | FOR_COMPARE | FOR_HELD | FOR_MARGINAL,
    .run = run,
};
