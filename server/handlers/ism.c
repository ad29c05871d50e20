/* POST /api/v1/ism: the effect of every substitution of a region's bases.
 *
 * Bases of an interval stand in the middle of a window each, as in variants/score, and are computed
 * as the variants that they are; or, with "window": "one", all in the window around the region's
 * middle, as the bases of a sequence are (core/score/ism.c). */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/cleanup.h"
#include "core/base/memory.h"
#include "core/genome/variant.h"
#include "proto/encode_labels.h"
#include "server/handlers/ism.h"
#include "server/handlers/routes.h"

#define PART_BASES 128                /* bases between two pieces of an answer */
#define PART_FLOATS ((size_t)4 << 20) /* and numbers of an array, about so many */
#define NO_ROW SIZE_MAX               /* the base itself: no effect */

static const char letters[] = "ACGT";

struct part {
    struct mfd_numbers numbers;
    struct mfd_scan_base *bases;  /* (n) */
    size_t *row;                  /* (n, 4): of the computed numbers */
    struct mfd_variant *variants; /* where each base has its own window */
    size_t n_variants;
    struct mfd_window *windows; /* where they share one */
    size_t *base;
};

static void close_ism(void *state)
{
    struct mfd_ism *ism = state;
    for (size_t i = 0; ism->regions && i < ism->base.body.n_items; i++) {
        free(ism->regions[i].read);
        free(ism->regions[i].state);
    }
    free(ism->regions);
    mfd_scoring_deinit(&ism->base);
    free(ism);
}

/* --- open --- */

static const struct mfd_scan_encoder *find_encoder(enum mfd_media media)
{
    switch ((int)media) {
    case MFD_MEDIA_NDJSON:
        return &mfd_scan_ndjson;
    case MFD_MEDIA_TSV:
        return &mfd_scan_tsv;
    case MFD_MEDIA_NPY:
        return &mfd_scan_npy;
    default:
        return &mfd_scan_json;
    }
}

/* Problems that bases may have. */
static void describe_states(struct mfd_ism *ism)
{
    mfd_problem_set(&ism->problems[MFD_BASE_UNKNOWN], "unknown-base", NULL,
                    "the base here is none of A, C, G and T, so there is nothing to substitute");
    mfd_problem_set(&ism->problems[MFD_BASE_OFF_CONTIG], "window-off-contig", NULL,
                    "the window around this base leaves the contig; \"pad\": true reads N there");
    mfd_problem_set(&ism->problems[MFD_BASE_N_WINDOW], "n-window", NULL,
                    "more than half of the window around this base is N");
}

static int check_strict(const struct mfd_ism *ism, struct mfd_problem *problem)
{
    const struct mfd_body *body = &ism->base.body;
    for (size_t i = 0; body->strict && i < body->n_items; i++) {
        const struct mfd_region *r = &ism->regions[i];
        const struct mfd_problem *found = body->items[i].problem;
        size_t at = 0;
        while (!found && at < r->n && r->state[at] == MFD_BASE_SCANNED)
            at++;
        if (!found && at == r->n)
            continue;
        *problem = found ? *found : ism->problems[(int)r->state[at]];
        problem->status = 422;
        return -1;
    }
    return 0;
}

/* What a scan costs: windows that begin at every base share nearly all of their rows, and a
 * substitution asks for a share of a window again. Said in whole windows, at most. */
static int plan(struct mfd_ism *ism, struct mfd_operation_plan *out, struct mfd_problem *problem)
{
    struct mfd_scoring *s = &ism->base;
    struct mfd_geometry geometry;
    struct mfd_error err = MFD_ERROR_INIT;
    if (check_strict(ism, problem))
        return -1;
    if (mfd_geometry_init(&geometry, s->config, &err))
        return mfd_problem_from_error(problem, &err, NULL);
    double share = mfd_geometry_share(&geometry, s->config), strands = s->ensemble.strands ? 2 : 1;
    double substitutions = 3 * (double)ism->scanned * mfd_ensemble_passes(s->ensemble) * share;
    double windows = 0; /* of the regions themselves, a strand */
    for (size_t i = 0; i < s->body.n_items; i++)
        if (!s->body.items[i].problem)
            windows += (ism->each ? (double)ism->regions[i].n - 1 : 0) + s->ensemble.shifts;
    s->unscored = ism->items - ism->scanned;
    s->windows = 3 * ism->scanned;
    s->layout.rows = ism->items;
    out->items = ism->items;
    out->passes = s->passes = ceil(strands * windows + substitutions);
    out->dry_run = s->body.dry_run;
    /* the levels of an average are as many again as what they are computed from: there the text of
     * a part counts too */
    size_t widest = 4 * s->choice.stride, told = mfd_layout_width(&s->layout);
    size_t most = PART_FLOATS / (s->body.levels && told > widest ? told : widest) + 1;
    out->part_items = most < PART_BASES ? most : PART_BASES;
    return 0;
}

static int open_ism(void **state, const struct mfd_operation_input *input,
                    struct mfd_operation_plan *out, struct mfd_problem *problem)
{
    struct mfd_ism *ism = mfd_calloc(1, sizeof *ism);
    if (!ism)
        return mfd_problem_nomem(problem);
    const struct mfd_limits *limits = input->limits;
    ism->encoder = find_encoder(input->format);
    describe_states(ism);
    int status = mfd_body_decode(&ism->base.body, MFD_CALL_ISM, input->body ? input->body : "",
                                 input->size, limits, limits->items, problem);
    if (status == 0)
        status = mfd_scoring_open(&ism->base, MFD_CALL_ISM, input, out, problem);
    if (status == 0)
        status = mfd_ism_read(ism, limits->ism_bases, problem);
    if (status == 0)
        status = plan(ism, out, problem);
    if (status) {
        mfd_scoring_hint(input, problem);
        close_ism(ism);
    } else {
        *state = ism;
    }
    return status;
}

/* --- a part --- */

static void release(void *state, struct mfd_operation_part *p)
{
    struct part *part = p->data;
    (void)state;
    if (!part)
        return;
    for (size_t i = 0; i < part->n_variants; i++)
        mfd_variant_deinit(&part->variants[i]);
    mfd_numbers_deinit(&part->numbers);
    free(part->bases);
    free(part->row);
    free(part->variants);
    free(part->windows);
    free(part->base);
    free(part);
    p->data = NULL;
}

static void describe_base(const struct mfd_ism *ism, size_t item, struct mfd_scan_base *out)
{
    const struct mfd_scoring *s = &ism->base;
    size_t region = mfd_ism_region(ism, item);
    const struct mfd_region *r = &ism->regions[region];
    const struct mfd_item *input = &s->body.items[region];
    *out = (struct mfd_scan_base){ .index = region,
                                   .id = input->id,
                                   .unread = input->problem != NULL,
                                   .problem = input->problem,
                                   .outcome = mfd_outcome_of(input->problem) };
    if (out->unread)
        return;
    size_t at = item - r->first;
    out->chrom = s->genome ? mfd_genome_contig_name(s->genome, r->contig) : NULL;
    out->start = r->start;
    out->end = r->end;
    out->at = r->start + (int64_t)at;
    out->base = r->read[out->at - r->from];
    out->padded = mfd_ism_outside(ism, r, out->at);
    out->problem = r->state[at] == MFD_BASE_SCANNED ? NULL : &ism->problems[(int)r->state[at]];
    out->outcome = mfd_outcome_of(out->problem);
}

static void label_rows(const void *state, struct mfd_buffer *out)
{
    const struct mfd_ism *ism = state;
    for (size_t i = 0; i < ism->items; i++) {
        struct mfd_scan_base base;
        describe_base(ism, i, &base);
        struct mfd_row_label row = { .index = base.index, .id = base.id };
        if (!base.unread) {
            row.chrom = base.chrom;
            row.start = base.at;
            row.end = base.at + 1;
        }
        mfd_labels_row(&row, i == 0, out);
    }
}

static int describe(void *state, struct mfd_buffer *out, struct mfd_problem *problem)
{
    struct mfd_ism *ism = state;
    return mfd_scoring_describe(&ism->base, label_rows, ism, out, problem);
}

/* Three variants a base. Their strings are owned, as a variant's are. */
static int add_variants(const struct mfd_ism *ism, const struct mfd_scan_base *base, size_t i,
                        struct part *part)
{
    for (size_t k = 0; k < 4; k++) {
        if (letters[k] == base->base)
            continue;
        struct mfd_variant *v = &part->variants[part->n_variants];
        part->row[4 * i + k] = part->n_variants++;
        *v = (struct mfd_variant){ .contig = ism->regions[base->index].contig,
                                   .pos = base->at,
                                   .ref = mfd_strndup(&base->base, 1),
                                   .alt = mfd_strndup(&letters[k], 1),
                                   .status = MFD_VARIANT_OK };
        if (!v->ref || !v->alt)
            return -1;
    }
    return 0;
}

static struct part *new_part(const struct mfd_ism *ism, size_t n)
{
    struct part *part = mfd_calloc(1, sizeof *part);
    if (!part)
        return NULL;
    part->bases = mfd_calloc(n, sizeof *part->bases);
    part->row = mfd_calloc(4 * n, sizeof *part->row);
    part->variants = mfd_calloc(ism->each ? 3 * n : 0, sizeof *part->variants);
    part->windows = mfd_calloc(ism->each ? 0 : n, sizeof *part->windows);
    part->base = mfd_calloc(ism->each ? 0 : n, sizeof *part->base);
    return part;
}

static int fill_part(const struct mfd_ism *ism, const struct mfd_operation_part *p,
                     struct part *part, size_t *rows)
{
    size_t n = 0;
    for (size_t i = 0; i < p->n; i++) {
        struct mfd_scan_base *base = &part->bases[i];
        describe_base(ism, p->first + i, base);
        for (size_t k = 0; k < 4; k++)
            part->row[4 * i + k] = NO_ROW;
        if (base->outcome != MFD_OUTCOME_OK)
            continue;
        if (ism->each) {
            if (add_variants(ism, base, i, part))
                return -1;
            continue;
        }
        const struct mfd_region *r = &ism->regions[base->index];
        for (size_t k = 0; k < 4; k++)
            part->row[4 * i + k] = 4 * n + k;
        part->windows[n] = r->window;
        part->base[n++] = (size_t)(base->at - r->from);
    }
    *rows = ism->each ? part->n_variants : 4 * n;
    return 0;
}

static int prepare(void *state, struct mfd_operation_part *p, struct mfd_problem *problem)
{
    struct mfd_ism *ism = state;
    struct mfd_scoring *s = &ism->base;
    struct part *part = p->data = new_part(ism, p->n);
    size_t rows;
    if (!part || !part->bases || !part->row || !part->variants || !part->windows || !part->base ||
        fill_part(ism, p, part, &rows))
        return mfd_problem_nomem(problem);
    p->task = (struct mfd_task){ .kind = ism->each ? MFD_TASK_VARIANTS : MFD_TASK_ISM,
                                 .head = mfd_choice_head(&s->choice),
                                 .genome = s->genome,
                                 .ensemble = s->ensemble,
                                 .pad = s->body.pad,
                                 .n = ism->each ? rows : rows / 4,
                                 .windows = ism->each ? NULL : part->windows,
                                 .base = ism->each ? NULL : part->base,
                                 .variants = ism->each ? part->variants : NULL };
    return rows ? mfd_numbers_init(&part->numbers, s, rows, &p->task, problem) : 0;
}

struct filler {
    const struct mfd_ism *ism;
    struct part *part;
};

/* What A, C, G and T do at a place, (4, width). */
static void fill(void *ctx, size_t row, size_t at, float *out)
{
    const struct filler *f = ctx;
    size_t width = f->ism->base.parts[at].width / 4;
    for (size_t k = 0; k < 4; k++) {
        size_t from = f->part->row[4 * row + k];
        if (from == NO_ROW)
            memset(out + k * width, 0, width * sizeof *out);
        else
            mfd_numbers_fill(&f->part->numbers, from, at, out + k * width);
    }
    for (size_t t = 0; f->ism->base.sources[at].centred && t < width; t++) {
        double sum = 0;
        for (size_t k = 0; k < 4; k++)
            sum += (double)out[k * width + t];
        for (size_t k = 0; k < 4; k++)
            out[k * width + t] = (float)((double)out[k * width + t] - sum / 4);
    }
}

static int encode(void *state, struct mfd_operation_part *p, struct mfd_buffer *out,
                  struct mfd_problem *problem)
{
    struct mfd_ism *ism = state;
    struct part *part = p->data;
    struct filler filler = { ism, part };
    const struct mfd_scan_bases bases = { part->bases, p->n, fill, &filler, ism->base.scratch };
    if (p->first == 0)
        ism->encoder->start(&ism->base.layout, out);
    ism->encoder->bases(&ism->base.layout, &bases, out);
    for (size_t i = 0; i < p->n; i++)
        mfd_outcome_count(part->bases[i].outcome, &p->counts);
    return out->failed ? mfd_problem_nomem(problem) : 0;
}

static size_t count_reasons(const struct mfd_ism *ism, const struct mfd_problem_type *types,
                            size_t n, struct mfd_reason *out)
{
    size_t found = 0;
    for (size_t i = 0; i < ism->base.body.n_items; i++) {
        const struct mfd_region *r = &ism->regions[i];
        const struct mfd_problem *problem = ism->base.body.items[i].problem;
        for (size_t k = 0; k < r->n; k++) {
            const struct mfd_problem *why = problem ? problem
                                            : r->state[k] == MFD_BASE_SCANNED
                                                ? NULL
                                                : &ism->problems[(int)r->state[k]];
            if (why)
                out[why->type - types].n++;
        }
    }
    for (size_t t = 0; t < n; t++)
        if (out[t].n)
            out[found++] = (struct mfd_reason){ types[t].slug, out[t].n };
    return found;
}

static int finish(void *state, const struct mfd_tally *counts, struct mfd_buffer *out,
                  struct mfd_problem *problem)
{
    struct mfd_ism *ism = state;
    size_t n = 0;
    const struct mfd_problem_type *types = mfd_problem_types(&n);
    MFD_AUTO_FREE struct mfd_reason *reasons = mfd_calloc(n, sizeof *reasons);
    if (!reasons)
        return mfd_problem_nomem(problem);
    struct mfd_counts sums = { counts->ok, counts->skipped, counts->error, reasons,
                               count_reasons(ism, types, n, reasons) };
    ism->encoder->end(&ism->base.layout, &sums, out);
    return out->failed ? mfd_problem_nomem(problem) : 0;
}

static const struct mfd_operation operation_ism = {
    "ism", open_ism, describe, prepare, encode, release, finish, close_ism,
};

const struct mfd_route mfd_routes_ism[] = {
    { "POST", "/api/v1/ism", .operation = &operation_ism, .scope = MFD_SCOPE_PREDICT,
      .accepts = MFD_MEDIA_JSON,
      .offers = MFD_MEDIA_JSON | MFD_MEDIA_NDJSON | MFD_MEDIA_TSV | MFD_MEDIA_NPY },
    { 0 },
};
