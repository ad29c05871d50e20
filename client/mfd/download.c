#include "client/mfd/download.h"

#include <errno.h>
#include <string.h>

#include "client/mfd/job.h"
#include "client/mfd/output.h"

#define NOTE_EVERY ((json_int_t)8 << 20) /* bytes that a killed run loses at most */

struct download {
    struct app *app;
    const char *path;  /* of the resource; borrowed */
    json_t *identity;  /* owned: which result it is */
    struct output out; /* where it goes */
    struct mfd_client_reply reply;
    char etag[sizeof((struct mfd_client_reply *)0)->etag]; /* of the bytes that are there */
    json_int_t received, noted;                            /* bytes of the result */
    bool begun;                                            /* a body has begun in this attempt */
};

static int note(struct download *d, struct mfd_error *err)
{
    json_t *state = json_pack("{s:I, s:s}", "received", d->received, "etag", d->etag);
    int status = state ? output_checkpoint(&d->out, state, err) : mfd_fail_nomem(err);
    json_decref(state);
    if (status == MFD_OK)
        d->noted = d->received;
    return status;
}

/* Open the file; with what an earlier run has left there, unless that is not wanted. */
static int open_file(struct download *d, bool fresh, struct mfd_error *err)
{
    int status = output_open(&d->out, d->app->set.output, d->identity, fresh, err);
    if (status < 0)
        return status;
    const char *etag = json_string_value(json_object_get(d->out.state, "etag"));
    d->received = json_integer_value(json_object_get(d->out.state, "received"));
    d->noted = d->received;
    snprintf(d->etag, sizeof d->etag, "%s", etag ? etag : "");
    return MFD_OK;
}

static int start_over(struct download *d, struct mfd_error *err)
{
    app_note(d->app, "the result is not the one that was begun; starting over");
    output_close(&d->out);
    return open_file(d, true, err);
}

/* Before the first byte: is it the rest of what is there, or a result from its beginning? */
static int begin(struct download *d, struct mfd_error *err)
{
    d->begun = true;
    int status = d->reply.http == 206 ? job_check_rest(&d->reply, d->received, err)
                 : d->received        ? start_over(d, err)
                                      : MFD_OK;
    if (status < 0)
        return status;
    snprintf(d->etag, sizeof d->etag, "%s", d->reply.etag);
    return MFD_OK;
}

static int take(void *arg, const char *bytes, size_t n, struct mfd_error *err)
{
    struct download *d = arg;
    int status = d->begun ? MFD_OK : begin(d, err);
    if (status < 0)
        return status;
    if (fwrite(bytes, 1, n, d->out.stream) < n)
        return mfd_fail(err, MFD_EIO, "cannot write the result: %s", strerror(errno));
    d->received += (json_int_t)n;
    return d->received - d->noted >= NOTE_EVERY && d->etag[0] ? note(d, err) : MFD_OK;
}

static int attempt(struct download *d, struct mfd_error *err)
{
    char range[48];
    snprintf(range, sizeof range, "bytes=%lld-", (long long)d->received);
    bool rest = d->received > 0 && d->etag[0];
    const struct mfd_client_request request = { .path = d->path,
                                                .accept = "*/*",
                                                .as_stored = true,
                                                .range = rest ? range : NULL,
                                                .if_range = rest ? d->etag : NULL,
                                                .sink = take,
                                                .sink_arg = d };
    d->begun = false;
    if (!rest && d->received) {
        int status = start_over(d, err);
        if (status < 0)
            return status;
    }
    return mfd_client_send(d->app->client, &request, &d->reply, err);
}

/* Attempts, each behind what the one before has brought. */
static int fetch(struct download *d, struct mfd_error *err)
{
    if (d->received)
        app_note(d->app, "going on after %lld bytes (--fresh starts over)", (long long)d->received);
    for (;;) {
        json_int_t before = d->received;
        int status = attempt(d, err);
        if (status < 0 && strcmp(err->slug, "range-not-satisfiable") == 0 && d->received)
            d->etag[0] = '\0'; /* nothing can be said of what is there */
        else if (status == MFD_OK || strcmp(err->slug, "unreachable") != 0 || d->received == before)
            return status;
        else
            app_note(d->app, "the connection broke after %lld bytes; going on",
                     (long long)d->received);
    }
}

int download_result(struct app *app, const char *id, struct mfd_error *err)
{
    struct mfd_buffer path = MFD_BUFFER_INIT;
    struct mfd_error ignored = MFD_ERROR_INIT;
    struct download d = { .app = app, .out.fd = -1, .reply = MFD_CLIENT_REPLY_INIT };
    int status = job_path(&path, id, "/result", err);
    d.path = path.data;
    d.identity = json_pack("{s:s, s:s}", "server", mfd_client_server(app->client), "job", id);
    if (status == MFD_OK)
        status = d.identity ? open_file(&d, app->set.fresh, err) : mfd_fail_nomem(err);
    if (status == MFD_OK)
        status = fetch(&d, err);
    if (status == MFD_OK && !d.begun && d.received) /* an empty result in place of another */
        status = start_over(&d, err);
    if (status == MFD_OK)
        status = output_commit(&d.out, err);
    else if (d.out.stream && d.received > d.noted && d.etag[0] && note(&d, &ignored) < 0)
        app_note(app, "%s", ignored.message);
    output_close(&d.out);
    mfd_client_reply_deinit(&d.reply);
    json_decref(d.identity);
    mfd_buffer_deinit(&path);
    return status;
}
