/* The inside of a request, for the files that carry it from the connection to the answer. Handlers
 * use server/request.h. */
#pragma once

#include <stdatomic.h>

#include "server/auth.h"
#include "server/request.h"
#include "server/ids.h"
#include "server/loop.h"
#include "server/workers.h"
#include "server/router.h"
#include "server/stream.h"

struct MHD_Connection;
struct mfd_conn;
struct mfd_drive;

enum mfd_reply_kind {
    MFD_REPLY_NONE,
    MFD_REPLY_BUFFER,
    MFD_REPLY_STATIC,
    MFD_REPLY_STREAM,
    MFD_REPLY_FILE,
};

/* The answer as the handler gave it; respond.c makes headers and codings of it. */
struct mfd_reply {
    enum mfd_reply_kind kind;
    int status;
    enum mfd_media media;
    struct mfd_buffer body;
    const char *bytes; /* static */
    size_t n;          /* static, file */
    int fd;            /* file: owned until libmicrohttpd has it */
    uint64_t offset;
    struct mfd_params headers;
    char etag[96];
    bool gzip; /* body has been compressed */
};

enum mfd_request_phase {
    MFD_PHASE_HEADERS, /* being read */
    MFD_PHASE_BODY,
    MFD_PHASE_WORK,
    MFD_PHASE_ANSWER, /* being sent */
};

struct mfd_request {
    struct mfd_app *app;
    struct MHD_Connection *connection; /* NULL once it is gone */
    struct mfd_conn *conn;
    unsigned refs; /* loop thread: one of the connection, one of work under way */
    enum mfd_request_phase phase;
    bool suspended;
    void (*wake)(struct mfd_request *rq); /* once the answer of a suspended one is there, or its
                                           * stream has something to send. Loop thread */
    bool http_1_0;
    bool unframed; /* where the body ends is in doubt: answer at once, then close */
    bool discard;  /* the body is read and thrown away: the answer is settled */

    char *uri; /* as sent: path?query */
    char *path;
    size_t path_n;
    char method[16];
    bool head;
    struct mfd_params headers, queries;
    struct mfd_match match;
    enum mfd_media content, format;
    bool to_file; /* the body goes to `upload` */
    bool gzip_in; /* the body has a gzip coding, or is a gzip file */
    struct mfd_ids ids;
    struct mfd_principal principal;
    char remote[64];

    struct mfd_buffer body;
    size_t body_limit;  /* bytes, compressed or not */
    uint64_t body_seen; /* bytes received */
    uint64_t discarded; /* of these, of a body that is refused */
    struct mfd_upload *upload;

    atomic_bool cancelled;
    struct mfd_reply reply;
    struct mfd_stream *stream;
    struct mfd_drive *drive; /* an operation under way */
    bool drive_failed;       /* after the stream had begun */
    struct mfd_work job;
    struct mfd_watch *hangup;
    double started;       /* mfd_seconds */
    uint64_t deadline_ms; /* on the loop's clock */
    uint64_t bytes_out;
    int final_status;
};

struct mfd_request *mfd_request_new(struct mfd_app *app, const char *uri);
struct mfd_request *mfd_request_ref(struct mfd_request *rq);
void mfd_request_unref(struct mfd_request *rq);

/* Compress a large answer where the client takes gzip; the thread that encoded it does this too. */
void mfd_reply_compress(struct mfd_request *rq);
double mfd_request_seconds(const struct mfd_request *rq);
