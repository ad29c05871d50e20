/* The table of routes and how a path is looked up in it. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "core/base/error.h"
#include "server/auth.h"
#include "server/params.h"

struct mfd_operation;
struct mfd_request;

typedef void mfd_handler(struct mfd_request *rq);

enum mfd_where { MFD_ON_LOOP, MFD_ON_WORKER };

/* One line of a table. A handler file exports its lines,
 *
 *   const struct mfd_route mfd_routes_things[] = {
 *       { "GET", "/api/v1/things/{thing}", .handle = get_thing, .where = MFD_ON_WORKER,
 *         .scope = MFD_SCOPE_READ, .offers = MFD_MEDIA_JSON | MFD_MEDIA_TSV },
 *       { "POST", "/api/v1/predict", .operation = &operation_predict,
 *         .scope = MFD_SCOPE_PREDICT, .accepts = MFD_MEDIA_JSON, .offers = MFD_MEDIA_JSON },
 *       { 0 },
 *   };
 *
 * and is named in server/handlers/routes.h and server/routes.c. A `{name}` takes one whole segment.
 * HEAD follows from GET, OPTIONS and Allow from the table. */
struct mfd_route {
    const char *method;
    const char *path;
    mfd_handler *handle;                   /* or */
    const struct mfd_operation *operation; /* for work on the engine */
    enum mfd_where where;
    enum mfd_scope scope;
    unsigned accepts; /* set of enum mfd_media that the body may be; 0: a body is refused */
    unsigned offers;  /* set of enum mfd_media of the answer; 0: JSON */
    bool body_optional;
    bool heavy;      /* on a worker: computes for long, and leaves a thread to quick ones */
    bool job;        /* the limits of jobs hold for bodies, and uploads go where jobs are kept */
    unsigned upload; /* those of `accepts` that stream to a file (server/upload.h) */
};

/* Where a path leads. */
struct mfd_match {
    const struct mfd_route *route; /* NULL: 404, or 405 where `allow` is not empty */
    struct mfd_params params;      /* owned; release with mfd_params_deinit */
    char allow[64];                /* methods of this path: "GET, HEAD, OPTIONS" */
};

/* Look up a method and a path (as sent, percent-encoded, n bytes). MFD_EINVAL where the path is not
 * a valid one: bad percent-encoding, NUL, control characters, invalid UTF-8. Routes are tried in
 * order; the first that fits wins. */
int mfd_router_find(const struct mfd_route *const *tables, const char *method, const char *path,
                    size_t n, struct mfd_match *match, struct mfd_error *err) MFD_MUST_CHECK;

/* Decode a query string ("a=1&b=2", n bytes) the same way; '+' is a blank. At most 64 pairs. */
int mfd_router_query(const char *query, size_t n, struct mfd_params *out,
                     struct mfd_error *err) MFD_MUST_CHECK;

/* All tables, NULL-terminated (server/routes.c). */
extern const struct mfd_route *const mfd_all_routes[];
