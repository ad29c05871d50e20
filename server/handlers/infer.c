/* The Open Inference Protocol, version 2 (https://kserve.github.io, REST), with the binary tensor
 * extension of Triton, so that its clients work unchanged. One BYTES input `sequence`, each element
 * exactly a window; outputs by name. There is no batch rule in this protocol: one bad sequence is
 * 400. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/memory.h"
#include "proto/text.h"
#include "server/handlers/infer.h"
#include "server/served.h"

struct state {
    struct mfd_infer request;
    const struct mfd_served *served; /* the driver's reference */
    const struct mfd_config *config;
    struct mfd_ensemble ensemble;
    size_t widths[MFD_INFER_OUTPUTS]; /* numbers a row of each output asked for */
};

struct part {
    struct mfd_window *windows;
    float *arrays[MFD_INFER_OUTPUTS]; /* (n, width) of each output asked for */
};

static const size_t slots[] = {
    [MFD_INFER_PREDICTIONS] = offsetof(struct mfd_outputs, predictions),
    [MFD_INFER_LOGITS] = offsetof(struct mfd_outputs, logits),
    [MFD_INFER_LOGITS_BIOLOGICAL] = offsetof(struct mfd_outputs, logits_biological),
    [MFD_INFER_LOGITS_TECHNICAL] = offsetof(struct mfd_outputs, logits_technical),
    [MFD_INFER_FEATURES_BIOLOGICAL] = offsetof(struct mfd_outputs, features_biological),
    [MFD_INFER_FEATURES_TECHNICAL] = offsetof(struct mfd_outputs, features_technical),
    [MFD_INFER_FEATURES] = offsetof(struct mfd_outputs, features),
};

size_t mfd_infer_width(const struct mfd_config *c, enum mfd_infer_output what)
{
    bool split = c->model_class == MFD_DISENTANGLED;
    switch (what) {
    case MFD_INFER_PREDICTIONS:
    case MFD_INFER_LOGITS:
        return c->tracks;
    case MFD_INFER_LOGITS_BIOLOGICAL:
    case MFD_INFER_LOGITS_TECHNICAL:
        return split ? c->tracks : 0;
    case MFD_INFER_FEATURES_BIOLOGICAL:
        return split ? c->biological : 0;
    case MFD_INFER_FEATURES_TECHNICAL:
        return split ? c->technical : 0;
    default:
        return c->embed;
    }
}

/* The protocol's errors have one member, "error": ours have it too. */
static int fail(struct mfd_problem *problem)
{
    struct mfd_buffer text = MFD_BUFFER_INIT;
    mfd_buffer_adds(&text, "\"error\":");
    mfd_text_json(&text, problem->detail, strlen(problem->detail));
    if (!problem->extra[0] && !text.failed && text.len < sizeof problem->extra)
        memcpy(problem->extra, text.data, text.len + 1);
    mfd_buffer_deinit(&text);
    return -1;
}

static void close_infer(void *state)
{
    struct state *s = state;
    mfd_infer_deinit(&s->request);
    free(s);
}

/* "name" or "name@version" from the path. */
static int acquire(struct state *s, const struct mfd_operation_input *input,
                   struct mfd_operation_plan *plan, struct mfd_problem *problem)
{
    struct mfd_error err = MFD_ERROR_INIT;
    const char *model = mfd_params_get(input->params, "model");
    const char *version = mfd_params_get(input->params, "version");
    char name[160];
    if (!model) /* a job may leave it open */
        model = "";
    int n =
        snprintf(name, sizeof name, "%s%s%s", model, version ? "@" : "", version ? version : "");
    if (n < 0 || (size_t)n >= sizeof name)
        return mfd_problem_set(problem, "model-not-found", NULL,
                               "there is no model of such a name");
    if (mfd_operation_model(input, name[0] ? name : NULL, &plan->model, &err))
        return mfd_problem_from_error(problem, &err, NULL);
    s->served = plan->model;
    s->config = mfd_model_config(mfd_served_model(plan->model));
    return 0;
}

static int check_sequences(const struct state *s, struct mfd_problem *problem)
{
    size_t window = mfd_ensemble_window(s->ensemble, s->config);
    for (size_t i = 0; i < s->request.n; i++) {
        const struct mfd_infer_bytes *b = &s->request.sequences[i];
        if (b->n != window)
            return mfd_problem_set(problem, "length-mismatch", "/inputs/0",
                                   "element %zu has %zu bases; a window of this model with this "
                                   "ensemble is %zu",
                                   i, b->n, window);
        for (size_t j = 0; j < b->n; j++)
            if ((b->s[j] | 0x20) < 'a' || (b->s[j] | 0x20) > 'z')
                return mfd_problem_set(problem, "bad-sequence", "/inputs/0",
                                       "character %zu of element %zu is no letter", j + 1, i);
    }
    return 0;
}

static int check_outputs(struct state *s, struct mfd_problem *problem)
{
    for (size_t i = 0; i < s->request.n_outputs; i++) {
        s->widths[i] = mfd_infer_width(s->config, s->request.outputs[i].what);
        if (s->widths[i] == 0)
            return mfd_problem_set(problem, "unsupported-component", "/outputs",
                                   "this model has no output \"%s\"",
                                   mfd_infer_output_names[s->request.outputs[i].what]);
    }
    return 0;
}

static int open_infer(void **state, const struct mfd_operation_input *input,
                      struct mfd_operation_plan *plan, struct mfd_problem *problem)
{
    const struct mfd_ensemble ensembles[] = { MFD_ENSEMBLE_NONE, MFD_ENSEMBLE_STRANDS,
                                              MFD_ENSEMBLE_PUBLISHED };
    struct state *s = mfd_calloc(1, sizeof *s);
    if (!s)
        return mfd_problem_nomem(problem);
    int status = mfd_infer_decode(&s->request, input->body ? input->body : "", input->size,
                                  input->json_bytes, input->limits, problem);
    s->ensemble = ensembles[s->request.ensemble];
    if (status == 0)
        status = acquire(s, input, plan, problem);
    if (status == 0)
        status = check_outputs(s, problem);
    if (status == 0)
        status = check_sequences(s, problem);
    if (status) {
        if (problem->status == 422)
            problem->status = 400;
        close_infer(s);
        return fail(problem);
    }
    plan->items = s->request.n;
    plan->whole = true;
    plan->passes = (double)s->request.n * mfd_ensemble_passes(s->ensemble);
    *state = s;
    return 0;
}

static int describe(void *state, struct mfd_buffer *out, struct mfd_problem *problem)
{
    (void)state, (void)out;
    return mfd_problem_set(problem, "unsupported", NULL, "this protocol has no dry run");
}

static void release(void *state, struct mfd_operation_part *p)
{
    struct part *part = p->data;
    (void)state;
    if (!part)
        return;
    free(part->windows);
    for (size_t i = 0; i < MFD_INFER_OUTPUTS; i++)
        free(part->arrays[i]);
    free(part);
    p->data = NULL;
}

static int prepare(void *state, struct mfd_operation_part *p, struct mfd_problem *problem)
{
    struct state *s = state;
    struct part *part = p->data = mfd_calloc(1, sizeof *part);
    size_t n = s->request.n;
    bool whole = part && (part->windows = mfd_calloc(n, sizeof *part->windows));
    p->task = (struct mfd_task){ .kind = MFD_TASK_SEQUENCES, .ensemble = s->ensemble, .n = n };
    for (size_t i = 0; whole && i < s->request.n_outputs; i++) {
        size_t floats;
        whole = mfd_mul(n, s->widths[i], &floats) &&
                (part->arrays[i] = mfd_aligned(floats, sizeof(float)));
        *(float **)(void *)((char *)&p->task.out + slots[s->request.outputs[i].what]) =
            part->arrays[i];
    }
    if (!whole)
        return mfd_problem_nomem(problem);
    for (size_t i = 0; i < n; i++)
        part->windows[i] =
            (struct mfd_window){ s->request.sequences[i].s, s->request.sequences[i].n };
    p->task.windows = part->windows;
    return 0;
}

static void add_text(struct mfd_buffer *out, const char *name, const char *value)
{
    mfd_buffer_addf(out, "\"%s\":", name);
    mfd_text_json(out, value, strlen(value));
    mfd_buffer_addc(out, ',');
}

static void add_output(const struct state *s, const struct part *part, size_t i,
                       struct mfd_buffer *out)
{
    size_t n = s->request.n * s->widths[i];
    mfd_buffer_addf(out, "%s{\"name\":\"%s\",\"datatype\":\"FP32\",\"shape\":[%zu,%zu],",
                    i ? "," : "", mfd_infer_output_names[s->request.outputs[i].what], s->request.n,
                    s->widths[i]);
    if (s->request.outputs[i].binary) {
        mfd_buffer_addf(out, "\"parameters\":{\"binary_data_size\":%zu}}", n * sizeof(float));
        return;
    }
    mfd_buffer_adds(out, "\"data\":[");
    mfd_text_f32s(out, part->arrays[i], n);
    mfd_buffer_adds(out, "]}");
}

static int encode(void *state, struct mfd_operation_part *p, struct mfd_buffer *out,
                  struct mfd_problem *problem)
{
    const struct state *s = state;
    const struct part *part = p->data;
    bool binary = false;
    mfd_buffer_addc(out, '{');
    add_text(out, "model_name", mfd_served_name(s->served));
    add_text(out, "model_version", mfd_served_version(s->served));
    if (s->request.id)
        add_text(out, "id", s->request.id);
    mfd_buffer_adds(out, "\"outputs\":[");
    for (size_t i = 0; i < s->request.n_outputs; i++) {
        add_output(s, part, i, out);
        binary = binary || s->request.outputs[i].binary;
    }
    mfd_buffer_adds(out, "]}");
    p->json_bytes = binary ? out->len : 0;
    for (size_t i = 0; i < s->request.n_outputs; i++) /* little-endian, as the protocol wants */
        if (s->request.outputs[i].binary)
            mfd_buffer_add(out, part->arrays[i], s->request.n * s->widths[i] * sizeof(float));
    p->counts.ok += p->n;
    return out->failed ? mfd_problem_nomem(problem) : 0;
}

static int finish(void *state, const struct mfd_tally *counts, struct mfd_buffer *out,
                  struct mfd_problem *problem)
{
    (void)state, (void)counts, (void)out, (void)problem;
    return 0;
}

const struct mfd_operation mfd_operation_infer = {
    "infer", open_infer, describe, prepare, encode, release, finish, close_infer,
};
