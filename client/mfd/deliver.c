#include "client/mfd/deliver.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "client/mfd/compute.h"
#include "client/mfd/output.h"

struct delivery {
    struct app *app;
    struct rows *rows;         /* or */
    struct annotate *annotate; /* where the answer is a VCF */
    struct output output;      /* where --output is given */
    size_t noted;              /* inputs at the last checkpoint */
    bool job;                  /* and a job that goes on behind them */
};

static int on_head(void *arg, json_t *line, struct mfd_error *err)
{
    struct delivery *d = arg;
    return d->annotate ? annotate_head(d->annotate, line, err) : rows_head(d->rows, line, err);
}

static int on_result(void *arg, json_t *result, json_t *input, struct mfd_error *err)
{
    struct delivery *d = arg;
    return d->annotate ? annotate_result(d->annotate, result, input, err)
                       : rows_result(d->rows, result, input, err);
}

static int on_checkpoint(void *arg, size_t done, const char *digest, const char *job,
                         struct mfd_error *err)
{
    struct delivery *d = arg;
    if (d->annotate && d->annotate->alleles) /* in the middle of a record */
        return MFD_OK;
    int status = d->annotate ? MFD_OK : rows_end(d->rows, err);
    json_t *state = json_pack("{s:I, s:I, s:I, s:I, s:s*, s:s*}", "inputs", (json_int_t)done, "ok",
                              (json_int_t)d->app->ok, "skipped", (json_int_t)d->app->skipped,
                              "failed", (json_int_t)d->app->failed, "digest", digest, "job", job);
    if (status == MFD_OK)
        status = state ? output_checkpoint(&d->output, state, err) : mfd_fail_nomem(err);
    json_decref(state);
    if (status == MFD_OK) {
        d->noted = done;
        d->job = job != NULL;
    }
    return status;
}

/* What must be the same for a run to go on from another; NULL where the input cannot be read again
 * or the format cannot be written in two halves. */
static json_t *identity_of(const struct batch *batch, const struct rows *rows)
{
    const struct app *app = batch->app;
    const char *path = batch->source->reader.name;
    struct stat st;
    if (batch->source->kind == SOURCE_WORDS || !path || stat(path, &st) < 0 ||
        !S_ISREG(st.st_mode) || app->format == FORMAT_JSON || app->format == FORMAT_TABLE)
        return NULL;
    return json_pack("{s:s, s:O, s:i, s:i, s:s*, s:b, s:b, s:{s:s, s:I, s:I, s:I}}", "server",
                     mfd_client_server(app->client), "options", batch->options, "format",
                     (int)app->format, "top", (int)rows->top, "columns", app->set.columns, "header",
                     (int)!app->set.no_header, "effects", (int)list_has(&app->set.scores, "effect"),
                     "input", "path", path, "bytes", (json_int_t)st.st_size, "seconds",
                     (json_int_t)st.st_mtim.tv_sec, "nanoseconds", (json_int_t)st.st_mtim.tv_nsec);
}

static size_t count(const json_t *state, const char *name)
{
    json_int_t n = json_integer_value(json_object_get(state, name));
    return n > 0 ? (size_t)n : 0;
}

/* Open --output, and take over what an earlier run noted. */
static int open_output(struct delivery *d, struct batch *batch, struct mfd_error *err)
{
    struct app *app = d->app;
    json_t *identity = identity_of(batch, d->rows);
    int status = output_open(&d->output, app->set.output, identity, app->set.fresh, err);
    json_decref(identity);
    if (status < 0)
        return status;
    const json_t *state = d->output.state;
    app->out = d->output.stream;
    batch->checkpoint = on_checkpoint;
    if (!state)
        return MFD_OK;
    d->noted = batch->skip = count(state, "inputs");
    batch->digest = json_string_value(json_object_get(state, "digest"));
    batch->job = json_string_value(json_object_get(state, "job"));
    if (!batch->skip) { /* nothing is written yet */
        if (batch->job && app->set.job)
            app_note(app, "going on with the job of an earlier run (--fresh starts over)");
        return MFD_OK;
    }
    app->ok = count(state, "ok");
    app->skipped = count(state, "skipped");
    app->failed = count(state, "failed");
    app->style.header = false;
    if (d->annotate)
        d->annotate->begun = true;
    app_note(app, "going on after %zu inputs (--fresh starts over)", batch->skip);
    return MFD_OK;
}

static int deliver(struct delivery *d, struct batch *batch, struct mfd_error *err)
{
    struct mfd_error ignored = MFD_ERROR_INIT;
    int status = batch_run(batch, err);
    if (status == MFD_OK)
        return rows_end(d->rows, err);
    /* what came before the failure is good, and worth showing */
    if (rows_end(d->rows, &ignored) < 0 && strcmp(ignored.message, err->message) != 0)
        app_note(d->app, "%s", ignored.message);
    if (d->output.identity && d->noted)
        app_note(d->app, "%zu inputs are done; the same command goes on from there", d->noted);
    else if (d->output.identity && d->job)
        app_note(d->app, "the same command goes on with the job");
    return status;
}

int deliver_run(struct batch *batch, struct rows *rows, struct annotate *annotate,
                struct mfd_error *err)
{
    struct app *app = rows->app;
    struct delivery d = { .app = app,
                          .rows = rows,
                          .output.fd = -1,
                          .annotate = app->format == FORMAT_VCF ? annotate : NULL };
    bool raw = app->format == FORMAT_JSON || app->format == FORMAT_NDJSON;
    FILE *before = app->out;
    if (raw && app->set.top)
        return compute_misuse(err, "--top goes with table, tsv and vcf; json and ndjson are whole");
    rows->top = app->set.top_given ? app->set.top : app->format == FORMAT_TABLE ? 5 : 0;
    batch->arg = &d;
    batch->head = on_head;
    batch->result = on_result;
    int status = rows->columns.n && !raw ? rows_read_metadata(rows, err) : MFD_OK;
    if (status == MFD_OK && app->set.output && !app->set.dry_run)
        status = open_output(&d, batch, err);
    if (status == MFD_OK)
        status = deliver(&d, batch, err);
    if (status == MFD_OK && d.output.stream)
        status = output_commit(&d.output, err);
    app->out = before;
    sheet_free(rows->sheet); /* it writes to what is closed now */
    rows->sheet = NULL;
    output_close(&d.output);
    return status;
}

int deliver_windows(const char *path, json_t *options, struct rows *rows, struct source *source,
                    struct mfd_error *err)
{
    struct app *app = rows->app;
    struct batch batch = { .app = app,
                           .path = path,
                           .member = rows->kind == ROWS_SEQUENCES ? "sequences" : "intervals",
                           .options = options,
                           .passes = compute_passes(&app->set),
                           .source = source };
    int status = app->set.columns ? list_add(&rows->columns, app->set.columns, err) : MFD_OK;
    return status == MFD_OK ? deliver_run(&batch, rows, NULL, err) : status;
}
