/* POST /api/v1/variants/score and GET /api/v1/variants/{variant}/score. */
#include "server/handlers/variants.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/cleanup.h"
#include "core/base/memory.h"
#include "core/base/sha256.h"
#include "proto/encode_labels.h"
#include "server/handlers/routes.h"
#include "server/registry.h"

struct part {
    struct mfd_numbers numbers;
    struct mfd_row *rows;
    struct mfd_result *results;
};

static void close_variants(void *state)
{
    struct mfd_scored_variants *v = state;
    for (size_t i = 0; v->variants && i < v->base.body.n_items; i++)
        mfd_variant_deinit(&v->variants[i]);
    free(v->variants);
    free(v->tracks);
    free(v->first);
    mfd_variants_vcf_free(v->vcf);
    mfd_scoring_deinit(&v->base);
    free(v);
}

/* The options and the inputs as they came, not yet held against a genome. */
static int read_request(struct mfd_scored_variants *v, const struct mfd_operation_input *input,
                        struct mfd_problem *problem)
{
    const struct mfd_limits *limits = input->limits;
    const char *text = mfd_params_get(input->params, "variant");
    if (!text && input->content == MFD_MEDIA_JSON)
        return mfd_body_decode(&v->base.body, MFD_CALL_VARIANTS, input->body ? input->body : "",
                               input->size, limits, limits->items, problem);
    mfd_body_defaults(&v->base.body, MFD_CALL_VARIANTS);
    if (mfd_variants_options(v, input, problem))
        return -1;
    if (!text) /* a VCF; its variants need the genome */
        return 0;
    if (mfd_variants_reserve(v, 1, problem))
        return -1;
    v->base.body.items[0].text = text;
    v->base.body.items[0].n = strlen(text);
    return 0;
}

static int read_variants(struct mfd_scored_variants *v, const struct mfd_operation_input *input,
                         struct mfd_problem *problem)
{
    size_t n = v->base.body.n_items;
    if (n == 0)
        return mfd_variants_read_vcf(v, input, problem);
    v->variants = mfd_calloc(n, sizeof *v->variants);
    if (!v->variants)
        return mfd_problem_nomem(problem);
    for (size_t i = 0; i < n; i++)
        if (mfd_variants_read(v, i, problem))
            return -1;
    return 0;
}

/* Changes with the model, the genome, the variant and every option. */
static void make_etag(const struct mfd_scored_variants *v, const struct mfd_operation_input *input,
                      struct mfd_operation_plan *plan)
{
    const struct mfd_body *b = &v->base.body;
    struct mfd_buffer key = MFD_BUFFER_INIT;
    struct mfd_error err;
    mfd_buffer_addf(&key, "%s\n%s\n%d %d %u %d %d %u %u %u %d %d %d\n", v->base.provenance.data,
                    v->base.genome_name, (int)input->format, v->effects, b->shifts, b->strands,
                    b->pad, b->components, b->scores, b->subspaces, (int)b->scale,
                    (int)b->tracks.aggregate, (int)b->top);
    if (mfd_variant_scored(v->variants[0].status) &&
        mfd_variant_format(&v->variants[0], v->base.genome, MFD_FORM_DASH, &key, &err))
        mfd_buffer_adds(&key, b->items[0].text);
    for (size_t i = 0; i < b->tracks.n_ids; i++)
        mfd_buffer_addf(&key, "\n%s", b->tracks.ids[i]);
    MFD_AUTO_FREE char *options = json_dumps(b->options, JSON_COMPACT | JSON_SORT_KEYS);
    mfd_buffer_addf(&key, "\n%s", options ? options : "");
    key.failed |= b->options && !options;
    char hex[MFD_SHA256_HEX];
    if (!key.failed) {
        mfd_sha256(key.data, key.len, hex);
        memcpy(plan->etag, hex, 32);
        plan->etag[32] = '\0';
    }
    mfd_buffer_deinit(&key);
}

static int open_variants(void **state, const struct mfd_operation_input *input,
                         struct mfd_operation_plan *plan, struct mfd_problem *problem)
{
    struct mfd_scored_variants *v = mfd_calloc(1, sizeof *v);
    if (!v)
        return mfd_problem_nomem(problem);
    bool one = mfd_params_get(input->params, "variant") != NULL;
    int status = read_request(v, input, problem);
    bool vcf = input->format == MFD_MEDIA_VCF;
    if (status == 0 && vcf)
        mfd_variants_vcf_ask(v);
    bool body = v->base.body.n_items == 0; /* to come, from a VCF */
    if (status == 0)
        status = mfd_scoring_open(&v->base, MFD_CALL_VARIANTS, input, plan, problem);
    if (status == 0)
        status = read_variants(v, input, problem);
    if (status == 0 && one && v->base.body.items[0].problem) {
        *problem = *v->base.body.items[0].problem; /* a resource that is not there, no batch */
        status = -1;
    }
    if (status == 0)
        status = mfd_scoring_plan(&v->base, v->base.body.n_items, 1, plan, problem);
    if (status == 0 && vcf)
        status = mfd_variants_vcf_open(v, body ? input->body : NULL, input->size, problem);
    if (status == 0 && vcf) {
        plan->items = v->records;
        plan->part_items = plan->part_items > v->most ? plan->part_items / v->most : 1;
    }
    if (status == 0 && one)
        make_etag(v, input, plan);
    if (status) {
        mfd_scoring_hint(input, problem);
        close_variants(v);
    } else {
        *state = v;
    }
    return status;
}

static void label_rows(const void *state, struct mfd_buffer *out)
{
    const struct mfd_scored_variants *v = state;
    for (size_t i = 0; i < v->base.body.n_items; i++) {
        const struct mfd_item *item = &v->base.body.items[i];
        const struct mfd_variant *variant = &v->variants[i];
        struct mfd_row_label row = { .index = i, .id = item->id ? item->id : variant->id };
        if (!item->problem) {
            row.chrom = mfd_genome_contig_name(v->base.genome, variant->contig);
            row.start = row.end = variant->pos;
            row.ref = variant->ref;
            row.alt = variant->alt;
        }
        mfd_labels_row(&row, i == 0, out);
    }
}

static int describe(void *state, struct mfd_buffer *out, struct mfd_problem *problem)
{
    struct mfd_scored_variants *v = state;
    return mfd_scoring_describe(&v->base, label_rows, v, out, problem);
}

static void release(void *state, struct mfd_operation_part *p)
{
    struct part *part = p->data;
    (void)state;
    if (!part)
        return;
    mfd_numbers_deinit(&part->numbers);
    free(part->rows);
    free(part->results);
    free(part);
    p->data = NULL;
}

/* Items of a part, which counts records where the answer is a VCF. */
static size_t first_of(const struct mfd_scored_variants *v, size_t i)
{
    return v->first ? v->first[i] : i;
}

static int prepare(void *state, struct mfd_operation_part *p, struct mfd_problem *problem)
{
    struct mfd_scored_variants *v = state;
    struct part *part = p->data = mfd_calloc(1, sizeof *part);
    size_t first = first_of(v, p->first), n = first_of(v, p->first + p->n) - first;
    if (part) {
        part->rows = mfd_calloc(n, sizeof *part->rows);
        part->results = mfd_calloc(n, sizeof *part->results);
    }
    if (!part || !part->rows || !part->results)
        return mfd_problem_nomem(problem);
    bool any = false;
    for (size_t i = first; i < first + n; i++) {
        any = any || !v->base.body.items[i].problem;
        if (v->base.body.items[i].problem && mfd_variant_scored(v->variants[i].status))
            v->variants[i].status = MFD_VARIANT_OFF_CONTIG; /* as judged: compute nothing */
    }
    p->task = (struct mfd_task){ .kind = MFD_TASK_VARIANTS,
                                 .head = mfd_choice_head(&v->base.choice),
                                 .genome = v->base.genome,
                                 .ensemble = v->base.ensemble,
                                 .pad = v->base.body.pad,
                                 .n = any ? n : 0,
                                 .variants = v->variants + first };
    return any ? mfd_numbers_init(&part->numbers, &v->base, n, &p->task, problem) : 0;
}

static void describe_variant(const struct mfd_scored_variants *v, size_t i, size_t row,
                             struct part *part)
{
    const struct mfd_variant *variant = &v->variants[i];
    const struct mfd_item *item = &v->base.body.items[i];
    part->results[row] = (struct mfd_result){ .index = i,
                                              .id = item->id ? item->id : variant->id,
                                              .outcome = mfd_outcome_of(item->problem),
                                              .problem = item->problem,
                                              .rows = part->rows + row,
                                              .first_row = row };
    if (item->problem)
        return;
    part->rows[row].padded = mfd_variants_outside(v, variant);
    part->results[row].n_rows = 1;
    part->results[row].chrom = mfd_genome_contig_name(v->base.genome, variant->contig);
    part->results[row].start = variant->pos;
    part->results[row].ref = variant->ref;
    part->results[row].alt = variant->alt;
    part->results[row].flipped = variant->status == MFD_VARIANT_FLIPPED;
}

static int encode(void *state, struct mfd_operation_part *p, struct mfd_buffer *out,
                  struct mfd_problem *problem)
{
    struct mfd_scored_variants *v = state;
    struct part *part = p->data;
    const struct mfd_encoder *encoder = v->base.encoder;
    size_t first = first_of(v, p->first), n = first_of(v, p->first + p->n) - first;
    struct mfd_results results = { part->results, n, mfd_numbers_fill, &part->numbers,
                                   v->base.scratch };
    for (size_t i = 0; i < n; i++)
        describe_variant(v, first + i, i, part);
    for (size_t i = 0; v->vcf && i < p->n; i++) /* a record counts as its first allele does */
        mfd_scoring_count(&part->results[v->first[p->first + i] - first], 1, &p->counts);
    if (v->vcf)
        return mfd_variants_vcf_write(v, p->first, p->n, part->results, &part->numbers, out,
                                      problem);
    if (p->first == 0)
        encoder->start(&v->base.layout, out);
    encoder->results(&v->base.layout, &results, out);
    mfd_scoring_count(part->results, n, &p->counts);
    return out->failed ? mfd_problem_nomem(problem) : 0;
}

static int finish(void *state, const struct mfd_tally *counts, struct mfd_buffer *out,
                  struct mfd_problem *problem)
{
    return mfd_scoring_finish(&((struct mfd_scored_variants *)state)->base, counts, out, problem);
}

static const struct mfd_operation operation_variants = {
    "variants/score", open_variants, describe, prepare, encode, release, finish, close_variants,
};

#define OFFERS (MFD_MEDIA_JSON | MFD_MEDIA_NDJSON | MFD_MEDIA_TSV | MFD_MEDIA_NPY | MFD_MEDIA_VCF)

const struct mfd_route mfd_routes_variants[] = {
    { "POST", "/api/v1/variants/score", .operation = &operation_variants,
      .scope = MFD_SCOPE_PREDICT, .accepts = MFD_MEDIA_JSON | MFD_MEDIA_VCF | MFD_MEDIA_GZIP,
      .offers = OFFERS },
    { "GET", "/api/v1/variants/{variant}/score", .operation = &operation_variants,
      .scope = MFD_SCOPE_PREDICT, .offers = OFFERS },
    { 0 },
};
