/* An operation computes: predict, features, variants/score, ism ... It knows nothing of HTTP: the
 * same code answers a request whole, streams it line by line as it is computed, or runs as a job
 * that survives a restart. The driver (server/drive.c) owns the order of events:
 *
 *   open                      worker   read and check the input, say what it will cost
 *     [dry_run: describe; over a limit: 413; otherwise]
 *   prepare(part)             worker   the task for items [first, first + n)
 *     -> batcher              engine   fills the task's outputs
 *   encode(part)              worker   append the items' results, in order, to the answer
 *   release(part)             worker
 *     ... the next part; one part may be prepared and computed while another is encoded
 *   finish                    worker   close the answer
 *   close                     worker   always, after open succeeded
 *
 * Calls for one state never overlap in time, except that the engine runs while other parts are
 * prepared and encoded. The text of a part may depend on the input, `first` and the results alone,
 * not on earlier parts: a job that was interrupted starts again at the first part whose text is not
 * on disk. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/buffer.h"
#include "core/base/error.h"
#include "proto/media.h"
#include "proto/problem.h"
#include "server/params.h"
#include "server/tally.h"
#include "server/task.h"

struct mfd_app;
struct mfd_genome;
struct mfd_limits;
struct mfd_served;

struct mfd_operation_input {
    struct mfd_app *app;             /* registry, genomes: server/app.h */
    const struct mfd_limits *limits; /* a job's are wider, under the same names */
    const struct mfd_params *params; /* of the path */
    const struct mfd_params *queries;
    const char *body; /* NUL behind; NULL where there is none (GET) */
    size_t size;
    enum mfd_media content; /* of the body */
    enum mfd_media format;  /* of the answer, one of the route's offers */
    size_t json_bytes; /* of the body, where tensors stand behind JSON (Open Inference Protocol);
                          else 0 */
    const char *request_id;
    bool job;
    /* A job computes with the model that it was accepted for: "name@version" and digest; NULL:
     * whatever the request names. */
    const char *pinned_model, *pinned_digest;
};

/* Bodies and answers of the Open Inference Protocol may be JSON with tensors behind it; this header
 * tells the bytes of JSON. */
#define MFD_TENSOR_HEADER "Inference-Header-Content-Length"

/* Say behind a limit that a job has wider ones. */
void mfd_operation_suggest_job(struct mfd_problem *problem);

/* The model that `name` (NULL: the default) means to this input; as mfd_registry_acquire.
 * MFD_ENOTFOUND, slug model-gone, where a job's is there no more. */
int mfd_operation_model(const struct mfd_operation_input *input, const char *name,
                        struct mfd_served **out, struct mfd_error *err) MFD_MUST_CHECK;

/* What open says. Numbers are checked by the driver against the limits. */
struct mfd_operation_plan {
    struct mfd_served
        *model; /* a reference (mfd_registry_acquire); the driver releases it after close */
    struct mfd_genome *genome; /* borrowed until close; NULL: none is needed */
    const char *genome_name;
    size_t items;      /* results, in the order of the input */
    double passes;     /* whole windows, nobody sharing */
    size_t part_items; /* most items a part; 0: the driver's choice (256) */
    bool whole;        /* all items in one part, however many */
    bool dry_run;      /* stop after open and call describe */
    char etag[80];     /* GET: entity tag of the answer, "" = none */
};

struct mfd_operation_part {
    size_t first, n;         /* items */
    void *data;              /* the operation's own */
    struct mfd_task task;    /* task.n = 0 where nothing in the part needs the engine */
    struct mfd_tally counts; /* encode adds each item of the part once */
    size_t json_bytes; /* encode: of the answer's text, where tensors stand behind it; else 0 */
};

/* All functions but open may be called for a half-built state. Functions that fail fill `problem`
 * and return non-zero; whatever was streamed already is then closed with the problem. */
struct mfd_operation {
    const char *name; /* as in a job's "operation", and the metrics label */
    int (*open)(void **state, const struct mfd_operation_input *input,
                struct mfd_operation_plan *plan, struct mfd_problem *problem);
    /* Answer of dry_run and of a job's acceptance: JSON, the cost and what was understood. */
    int (*describe)(void *state, struct mfd_buffer *out, struct mfd_problem *problem);
    int (*prepare)(void *state, struct mfd_operation_part *part, struct mfd_problem *problem);
    /* Append the results of a part; where part->first is 0 also what stands before the first (JSON
     * "provenance", a TSV header ...). An operation without items gets no part: see finish. */
    int (*encode)(void *state, struct mfd_operation_part *part, struct mfd_buffer *out,
                  struct mfd_problem *problem);
    void (*release)(void *state, struct mfd_operation_part *part);
    /* Append what stands behind the last item, with the sums of all parts' counts. `items` = 0:
     * also what stands before the first. */
    int (*finish)(void *state, const struct mfd_tally *counts, struct mfd_buffer *out,
                  struct mfd_problem *problem);
    void (*close)(void *state);
};
