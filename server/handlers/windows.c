/* POST /api/v1/predict, its averages and contrasts, and /api/v1/features: sequences of exactly a
 * window, and intervals of a genome cut into bins. */
#include <stdlib.h>
#include <string.h>

#include "core/base/memory.h"
#include "proto/encode_labels.h"
#include "server/handlers/routes.h"
#include "server/handlers/scoring.h"

/* An interval and its bins: first, first + bin, ... */
struct site {
    size_t contig;
    int64_t start, end; /* as asked for */
    int64_t first;      /* start rounded down to the bin grid */
    size_t bins;
};

struct windows {
    struct mfd_scoring base;
    struct site *sites; /* (items); intervals only */
    const struct mfd_limits *limits;
};

/* What a part's task points at. */
struct part {
    struct mfd_numbers numbers;
    struct mfd_window *windows;
    size_t *contig;
    int64_t *start;
    int *status;
    struct mfd_row *rows;
    struct mfd_result *results;
};

/* --- looking at the items --- */

static void item_pointer(const struct mfd_scoring *s, size_t i, char *out, size_t size)
{
    struct mfd_at root = MFD_AT_ROOT;
    struct mfd_at list = MFD_AT_MEMBER(&root, mfd_input_names[s->body.input]);
    struct mfd_at item = MFD_AT_INDEX(&list, i);
    mfd_at_pointer(&item, out, size);
}

/* Where `found` tells of something, keep it with item i. */
static int keep(struct windows *w, size_t i, const struct mfd_problem *found,
                struct mfd_problem *problem)
{
    if (!found->type)
        return 0;
    struct mfd_problem *kept = mfd_scoring_item_problem(&w->base, i, problem);
    if (kept)
        *kept = *found;
    return kept ? 0 : -1;
}

static int check_sequence(struct windows *w, size_t i, const char *pointer,
                          struct mfd_problem *problem)
{
    struct mfd_problem found = MFD_PROBLEM_INIT;
    mfd_scoring_check_sequence(&w->base, &w->base.body.items[i], pointer, &found);
    return keep(w, i, &found, problem);
}

/* Bases before a bin's first that its window reads. */
static int64_t reach(const struct mfd_scoring *s)
{
    return (int64_t)mfd_ensemble_before(s->ensemble, s->config);
}

static int64_t outside(const struct mfd_scoring *s, const struct site *site, int64_t bin)
{
    int64_t from = bin - reach(s);
    return mfd_outside(from, from + mfd_scoring_window(s),
                       mfd_genome_contig_length(s->genome, site->contig));
}

static int place_interval(const struct mfd_scoring *s, const struct mfd_item *item,
                          struct site *site, struct mfd_error *err)
{
    struct mfd_interval interval;
    int status = item->text ? mfd_interval_parse(&interval, s->genome, item->text, item->n, err)
                            : mfd_interval_set(&interval, s->genome, item->chrom,
                                               strlen(item->chrom), item->start, item->end, err);
    if (status)
        return status;
    int64_t bin = (int64_t)mfd_config_bin(s->config);
    int64_t first = interval.start - interval.start % bin;
    *site = (struct site){ .contig = interval.contig,
                           .start = interval.start,
                           .end = interval.end,
                           .first = first,
                           .bins = (size_t)((interval.end - first + bin - 1) / bin) };
    return MFD_OK;
}

static void refuse_length(struct mfd_problem *found, int64_t most, int64_t bins, int64_t bases,
                          const char *pointer)
{
    mfd_problem_limit(found, "interval_bins", most, bins, pointer);
    mfd_problem_add(found, " Ask for it as intervals of at most %lld bases.", (long long)bases);
}

static int check_interval(struct windows *w, size_t i, const char *pointer,
                          struct mfd_problem *problem)
{
    struct mfd_scoring *s = &w->base;
    struct site *site = &w->sites[i];
    struct mfd_error err = MFD_ERROR_INIT;
    struct mfd_problem found = MFD_PROBLEM_INIT;
    int64_t bin = (int64_t)mfd_config_bin(s->config), most = w->limits->interval_bins;
    if (place_interval(s, &s->body.items[i], site, &err))
        mfd_problem_from_error(&found, &err, pointer);
    else if (site->bins > (size_t)most)
        refuse_length(&found, most, (int64_t)site->bins, most * bin, pointer);
    else if (!s->body.pad) {
        int64_t last = site->first + ((int64_t)site->bins - 1) * bin;
        int64_t left = outside(s, site, site->first), right = outside(s, site, last);
        if (left || right)
            mfd_problem_set(&found, "window-off-contig", pointer,
                            "the window of bin %lld leaves the contig by %lld bases; \"pad\": true "
                            "reads N there",
                            (long long)(left ? site->first : last),
                            (long long)(left ? left : right));
    }
    return keep(w, i, &found, problem);
}

/* Look at every item; count the rows of all, and of the largest. */
static int check_items(struct windows *w, size_t *rows, size_t *most, struct mfd_problem *problem)
{
    struct mfd_body *body = &w->base.body;
    *rows = *most = 0;
    for (size_t i = 0; i < body->n_items; i++) {
        char pointer[sizeof problem->pointer];
        item_pointer(&w->base, i, pointer, sizeof pointer);
        int status = body->items[i].problem ? 0
                     : w->sites             ? check_interval(w, i, pointer, problem)
                                            : check_sequence(w, i, pointer, problem);
        if (status)
            return -1;
        size_t n = w->sites && !body->items[i].problem ? w->sites[i].bins : 1;
        *rows += n;
        *most = n > *most ? n : *most;
    }
    return 0;
}

static void close_windows(void *state)
{
    struct windows *w = state;
    mfd_scoring_deinit(&w->base);
    free(w->sites);
    free(w);
}

static int open_windows(void **state, enum mfd_call call, const struct mfd_operation_input *input,
                        struct mfd_operation_plan *plan, struct mfd_problem *problem)
{
    struct windows *w = mfd_calloc(1, sizeof *w);
    if (!w)
        return mfd_problem_nomem(problem);
    const struct mfd_limits *limits = w->limits = input->limits;
    size_t rows, most;
    int status = mfd_body_decode(&w->base.body, call, input->body ? input->body : "", input->size,
                                 limits, limits->items, problem);
    if (status == 0)
        status = mfd_scoring_open(&w->base, call, input, plan, problem);
    if (status == 0 && w->base.body.input == MFD_INPUT_INTERVALS) {
        w->sites = mfd_calloc(w->base.body.n_items, sizeof *w->sites);
        if (!w->sites)
            status = mfd_problem_nomem(problem);
    }
    if (status == 0)
        status = check_items(w, &rows, &most, problem);
    if (status == 0)
        status = mfd_scoring_plan(&w->base, rows, most, plan, problem);
    if (status) {
        mfd_scoring_hint(input, problem);
        close_windows(w);
    } else {
        *state = w;
    }
    return status;
}

static int open_predict(void **state, const struct mfd_operation_input *input,
                        struct mfd_operation_plan *plan, struct mfd_problem *problem)
{
    return open_windows(state, MFD_CALL_PREDICT, input, plan, problem);
}

static int open_marginal(void **state, const struct mfd_operation_input *input,
                         struct mfd_operation_plan *plan, struct mfd_problem *problem)
{
    return open_windows(state, MFD_CALL_MARGINAL, input, plan, problem);
}

static int open_contrast(void **state, const struct mfd_operation_input *input,
                         struct mfd_operation_plan *plan, struct mfd_problem *problem)
{
    return open_windows(state, MFD_CALL_CONTRAST, input, plan, problem);
}

static int open_features(void **state, const struct mfd_operation_input *input,
                         struct mfd_operation_plan *plan, struct mfd_problem *problem)
{
    return open_windows(state, MFD_CALL_FEATURES, input, plan, problem);
}

static void label_rows(const void *state, struct mfd_buffer *out)
{
    const struct windows *w = state;
    int64_t bin = (int64_t)mfd_config_bin(w->base.config);
    for (size_t i = 0; i < w->base.body.n_items; i++) {
        const struct mfd_item *item = &w->base.body.items[i];
        const struct site *site = w->sites && !item->problem ? &w->sites[i] : NULL;
        for (size_t b = 0; b < (site ? site->bins : 1); b++) {
            struct mfd_row_label row = { .index = i, .id = item->id };
            if (site) {
                row.chrom = mfd_genome_contig_name(w->base.genome, site->contig);
                row.start = site->first + (int64_t)b * bin;
                row.end = row.start + bin;
            }
            mfd_labels_row(&row, i == 0 && b == 0, out);
        }
    }
}

static int describe(void *state, struct mfd_buffer *out, struct mfd_problem *problem)
{
    return mfd_scoring_describe(&((struct windows *)state)->base, label_rows, state, out, problem);
}

/* --- a part --- */

static size_t count_rows(const struct windows *w, size_t first, size_t n)
{
    size_t rows = 0;
    for (size_t i = first; i < first + n; i++)
        if (!w->base.body.items[i].problem)
            rows += w->sites ? w->sites[i].bins : 1;
    return rows;
}

static void release(void *state, struct mfd_operation_part *p)
{
    struct part *part = p->data;
    (void)state;
    if (!part)
        return;
    mfd_numbers_deinit(&part->numbers);
    free(part->windows);
    free(part->contig);
    free(part->start);
    free(part->status);
    free(part->rows);
    free(part->results);
    free(part);
    p->data = NULL;
}

static void add_bins(struct windows *w, struct part *part, size_t item, size_t *row)
{
    const struct site *site = &w->sites[item];
    int64_t bin = (int64_t)mfd_config_bin(w->base.config);
    for (size_t b = 0; b < site->bins; b++, (*row)++) {
        int64_t start = site->first + (int64_t)b * bin;
        part->contig[*row] = site->contig;
        part->start[*row] = start;
        part->rows[*row] = (struct mfd_row){ start, start + bin, outside(&w->base, site, start) };
    }
}

/* Name every row of the part: what the engine reads, and what the answer says of it. */
static void fill_part(struct windows *w, const struct mfd_operation_part *p, struct part *part)
{
    size_t row = 0;
    for (size_t i = 0; i < p->n; i++) {
        const struct mfd_item *item = &w->base.body.items[p->first + i];
        struct mfd_result *result = &part->results[i];
        *result = (struct mfd_result){ .index = p->first + i,
                                       .id = item->id,
                                       .outcome = mfd_outcome_of(item->problem),
                                       .problem = item->problem,
                                       .rows = part->rows + row,
                                       .first_row = row };
        if (item->problem)
            continue;
        if (w->sites) {
            const struct site *site = &w->sites[p->first + i];
            result->chrom = mfd_genome_contig_name(w->base.genome, site->contig);
            result->start = site->start;
            result->end = site->end;
            add_bins(w, part, p->first + i, &row);
        } else {
            part->windows[row++] = (struct mfd_window){ item->text, item->n };
        }
        result->n_rows = row - result->first_row;
    }
}

static struct part *new_part(const struct windows *w, size_t items, size_t rows)
{
    struct part *part = mfd_calloc(1, sizeof *part);
    if (!part)
        return NULL;
    part->results = mfd_calloc(items, sizeof *part->results);
    part->rows = mfd_calloc(rows, sizeof *part->rows);
    part->windows = mfd_calloc(w->sites ? 0 : rows, sizeof *part->windows);
    part->contig = mfd_calloc(w->sites ? rows : 0, sizeof *part->contig);
    part->start = mfd_calloc(w->sites ? rows : 0, sizeof *part->start);
    part->status = mfd_calloc(w->sites ? rows : 0, sizeof *part->status);
    return part;
}

static bool part_is_whole(const struct part *part)
{
    return part->results && part->rows && part->windows && part->contig && part->start &&
           part->status;
}

static int prepare(void *state, struct mfd_operation_part *p, struct mfd_problem *problem)
{
    struct windows *w = state;
    size_t rows = count_rows(w, p->first, p->n);
    struct part *part = p->data = new_part(w, p->n, rows);
    if (!part || !part_is_whole(part))
        return mfd_problem_nomem(problem);
    fill_part(w, p, part);
    p->task = (struct mfd_task){ .kind = w->sites ? MFD_TASK_BINS : MFD_TASK_SEQUENCES,
                                 .head = mfd_choice_head(&w->base.choice),
                                 .genome = w->base.genome,
                                 .ensemble = w->base.ensemble,
                                 .pad = w->base.body.pad,
                                 .n = rows,
                                 .windows = part->windows,
                                 .contig = part->contig,
                                 .start = part->start,
                                 .status = part->status };
    return rows ? mfd_numbers_init(&part->numbers, &w->base, rows, &p->task, problem) : 0;
}

static int encode(void *state, struct mfd_operation_part *p, struct mfd_buffer *out,
                  struct mfd_problem *problem)
{
    struct windows *w = state;
    struct part *part = p->data;
    const struct mfd_encoder *encoder = w->base.encoder;
    struct mfd_results results = { part->results, p->n, mfd_numbers_fill, &part->numbers,
                                   w->base.scratch };
    if (p->first == 0)
        encoder->start(&w->base.layout, out);
    encoder->results(&w->base.layout, &results, out);
    mfd_scoring_count(part->results, p->n, &p->counts);
    return out->failed ? mfd_problem_nomem(problem) : 0;
}

static int finish(void *state, const struct mfd_tally *counts, struct mfd_buffer *out,
                  struct mfd_problem *problem)
{
    return mfd_scoring_finish(&((struct windows *)state)->base, counts, out, problem);
}

static const struct mfd_operation operation_predict = {
    "predict", open_predict, describe, prepare, encode, release, finish, close_windows,
};
static const struct mfd_operation operation_features = {
    "features", open_features, describe, prepare, encode, release, finish, close_windows,
};

static const struct mfd_operation operation_marginal = {
    "predict/marginal", open_marginal, describe, prepare, encode, release, finish, close_windows,
};
static const struct mfd_operation operation_contrast = {
    "predict/contrast", open_contrast, describe, prepare, encode, release, finish, close_windows,
};

#define OFFERS                                                                                     \
    (MFD_MEDIA_JSON | MFD_MEDIA_NDJSON | MFD_MEDIA_TSV | MFD_MEDIA_NPY | MFD_MEDIA_BEDGRAPH)

const struct mfd_route mfd_routes_windows[] = {
    { "POST", "/api/v1/predict", .operation = &operation_predict, .scope = MFD_SCOPE_PREDICT,
      .accepts = MFD_MEDIA_JSON, .offers = OFFERS },
    { "POST", "/api/v1/predict/marginal", .operation = &operation_marginal,
      .scope = MFD_SCOPE_PREDICT, .accepts = MFD_MEDIA_JSON, .offers = OFFERS },
    { "POST", "/api/v1/predict/contrast", .operation = &operation_contrast,
      .scope = MFD_SCOPE_PREDICT, .accepts = MFD_MEDIA_JSON, .offers = OFFERS },
    { "POST", "/api/v1/features", .operation = &operation_features, .scope = MFD_SCOPE_PREDICT,
      .accepts = MFD_MEDIA_JSON, .offers = OFFERS & ~(unsigned)MFD_MEDIA_BEDGRAPH },
    { 0 },
};
