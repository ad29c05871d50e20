/* A request of any length, in pieces that the server takes: inputs go out in order, results come
 * back in order, and the pieces are not to be seen in the answer. */
#pragma once

#include "client/mfd/app.h"
#include "client/mfd/source.h"

struct batch {
    struct app *app;
    const char *path;      /* "/api/v1/predict" */
    const char *member;    /* of the request that holds the inputs */
    json_t *options;       /* further members of every request; borrowed */
    unsigned passes;       /* of the network that one input takes at least */
    struct source *source; /* borrowed */
    void *arg;             /* of the functions below, which show tables and TSV */
    /* Once, before the first result: the line with "provenance" and "tracks". */
    int (*head)(void *arg, json_t *line, struct mfd_error *err);
    /* Every result, with the input it answers. */
    int (*result)(void *arg, json_t *result, json_t *input, struct mfd_error *err);
    /* After every request (may be NULL): `done` inputs are answered by the model of that digest
     * (may be NULL). Before a job, too: `job` is the key by which it can be found again, else NULL.
     */
    int (*checkpoint)(void *arg, size_t done, const char *digest, const char *job,
                      struct mfd_error *err);
    bool by_hand;       /* the functions get everything, whatever the format */
    size_t skip;        /* inputs that an earlier run has answered */
    const char *digest; /* of the model that answered them, or NULL */
    const char *job;    /* key of the job that was to answer the next ones, or NULL */
};

/* Send everything (but what is skipped) and show it in the format asked for. Counts go to the app.
 */
int batch_run(const struct batch *batch, struct mfd_error *err) MFD_MUST_CHECK;
