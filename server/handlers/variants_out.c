/* Effects as INFO fields of the VCF that they came from, or of a small one made of a JSON list. The
 * fields are those that the client writes (client/mfd/annotate.c). */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/cleanup.h"
#include "core/base/memory.h"
#include "core/score/summary.h"
#include "proto/text.h"
#include "server/handlers/variants.h"
#include "server/registry.h"

#define TOLD 20 /* lines that are left out, named in the header */

MFD_DEFINE_CLEANUP(struct mfd_vcf_reader, mfd_vcf_reader_free);

enum { STATUS, TRACK, EFFECT, BIO, TECH, L2, SHARE, TOP, FIELDS };

static const struct mfd_vcf_field all_fields[FIELDS] = {
    [STATUS] = { "MFD_STATUS", "A", "String",
                 "ok, flipped (ALT is the reference allele) or why the allele was not scored",
                 true },
    [TRACK] = { "MFD_TRACK", "A", "String", "Track with the largest effect", true },
    [EFFECT] = { "MFD_EFFECT", "A", "Float", "Effect on that track: alternative minus reference",
                 true },
    [BIO] = { "MFD_BIO", "A", "Float", "Biological part of MFD_EFFECT", true },
    [TECH] = { "MFD_TECH", "A", "Float", "Technical part of MFD_EFFECT", true },
    [L2] = { "MFD_L2", "A", "Float", "Root of the sum of squared effects over all tracks asked for",
             true },
    [SHARE] = { "MFD_SHARE", "A", "Float",
                "Biological share of the effects: sum |biological| / (sum |biological| + sum "
                "|technical|); mostly technical below 0.5",
                true },
    [TOP] = { "MFD_TOP", "A", "String",
              "Tracks with the largest effects, as track:effect:biological:technical between |",
              true },
};

struct mfd_variants_vcf {
    struct mfd_buffer made; /* the input, where it was no VCF */
    const char *body;
    size_t size, pushed, at; /* at: records taken */
    struct mfd_vcf_reader *reader;
    struct mfd_vcf_writer *writer;
    struct mfd_vcf_field fields[FIELDS];
    size_t field[FIELDS], n_fields; /* which of all_fields each is */
    struct mfd_buffer text[TOLD + 3];
    const char *lines[TOLD + 3]; /* of the header */
    size_t n_lines;
    struct mfd_buffer *out; /* of the part under way; NULL: what is written is dropped */
    float *values[3];       /* (width) by component; NULL where not asked for */
    size_t *best;
};

static int no_memory(struct mfd_problem *problem)
{
    return mfd_problem_set(problem, "internal", NULL, "out of memory");
}

void mfd_variants_vcf_free(struct mfd_variants_vcf *w)
{
    if (!w)
        return;
    mfd_vcf_writer_free(w->writer);
    mfd_vcf_reader_free(w->reader);
    mfd_buffer_deinit(&w->made);
    for (size_t i = 0; i < TOLD + 3; i++)
        mfd_buffer_deinit(&w->text[i]);
    for (size_t i = 0; i < 3; i++)
        free(w->values[i]);
    free(w->best);
    free(w);
}

int mfd_variants_vcf_ask(struct mfd_body *body, struct mfd_problem *problem)
{
    if ((body->scores & ~(unsigned)(MFD_SCORE_EFFECT | MFD_SCORE_TOP)) || body->subspaces ||
        body->levels)
        return mfd_problem_set(problem, "invalid-value", body->document ? "/scores" : NULL,
                               "a VCF tells effects, and the tracks with the largest; the other "
                               "scores and features have other formats");
    body->scores = MFD_SCORE_EFFECT;
    body->components |= MFD_PART_TOTAL;
    return 0;
}

/* --- opening --- */

static bool plain(const char *text)
{
    return text && *text && !text[strcspn(text, " ,;\t\r\n")];
}

/* A record an item. One that cannot stand in a VCF is a line that the reader calls malformed, so
 * that records and items stay in step. */
static void make_body(const struct mfd_scored_variants *v, struct mfd_buffer *out)
{
    mfd_buffer_adds(out, "##fileformat=VCFv4.3\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n");
    for (size_t i = 0; i < v->base.body.n_items; i++) {
        const struct mfd_variant *x = &v->variants[i];
        const char *id = v->base.body.items[i].id ? v->base.body.items[i].id : x->id;
        if (x->status == MFD_VARIANT_MALFORMED || !plain(x->chrom) || !plain(x->ref) ||
            !plain(x->alt))
            mfd_buffer_adds(out, "?\t?\n");
        else
            mfd_buffer_addf(out, "%s\t%lld\t%s\t%s\t%s\t.\t.\t.\n", x->chrom, (long long)x->pos + 1,
                            plain(id) ? id : ".", x->ref, x->alt);
    }
}

static int rewind_reader(struct mfd_variants_vcf *w, struct mfd_error *err)
{
    mfd_vcf_reader_free(w->reader);
    w->reader = NULL;
    w->pushed = w->at = 0;
    return mfd_vcf_reader_new(&w->reader, NULL, err);
}

static struct mfd_buffer *add_line(struct mfd_variants_vcf *w)
{
    return &w->text[w->n_lines++];
}

/* Where each record's alleles begin among the items; which lines are left out. */
static int count_records(struct mfd_scored_variants *v, struct mfd_variants_vcf *w,
                         struct mfd_problem *problem)
{
    const struct mfd_vcf_record *record;
    struct mfd_error err = MFD_ERROR_INIT;
    size_t items = 0, n = v->base.body.n_items, left_out = 0;
    v->first = mfd_calloc(n + 1, sizeof *v->first);
    if (!v->first)
        return no_memory(problem);
    int status = rewind_reader(w, &err);
    while (status == MFD_OK && items < n) {
        status = mfd_variants_next(w->reader, w->body, w->size, &w->pushed, &record, &err);
        if (status || !record)
            break;
        size_t alleles = record->malformed ? 1 : record->alleles;
        const struct mfd_problem *why = v->base.body.items[items].problem;
        if (record->malformed && left_out++ < TOLD) {
            struct mfd_buffer *line = add_line(w);
            mfd_buffer_addf(line, "##mfd_left_out=%zu %s: ", items, why ? why->type->slug : "");
            mfd_text_tsv(line, why ? why->detail : "");
        }
        v->first[v->records++] = items;
        items += alleles;
        v->most = alleles > v->most ? alleles : v->most;
    }
    if (status)
        return mfd_problem_from_error(problem, &err, NULL);
    v->first[v->records] = items;
    return 0;
}

static void describe(const struct mfd_scored_variants *v, struct mfd_variants_vcf *w)
{
    const struct mfd_body *body = &v->base.body;
    struct mfd_buffer *line = add_line(w);
    mfd_buffer_addf(line, "##mfd=<Model=\"%s\",Digest=\"%s\",Scale=\"%s\">",
                    mfd_served_name(v->base.served), mfd_served_digest(v->base.served),
                    mfd_scale_names[body->scale]);
    line = add_line(w);
    mfd_buffer_addf(line, "##mfd_summary=alleles %zu, scored %zu", body->n_items,
                    body->n_items - v->base.unscored);
    size_t n;
    const struct mfd_problem_type *types = mfd_problem_types(&n);
    for (size_t t = 0; t < n; t++) {
        size_t count = 0;
        for (size_t i = 0; i < body->n_items; i++)
            count += body->items[i].problem && body->items[i].problem->type == &types[t];
        if (count)
            mfd_buffer_addf(line, ", %s %zu", types[t].slug, count);
    }
}

static bool wanted(const struct mfd_body *body, size_t field)
{
    bool bio = body->components & MFD_PART_BIOLOGICAL, tech = body->components & MFD_PART_TECHNICAL;
    switch (field) {
    case BIO:
        return bio;
    case TECH:
        return tech;
    case SHARE:
        return bio && tech;
    case TOP:
        return body->top > 1;
    default:
        return true;
    }
}

static int write_out(void *context, const void *bytes, size_t n, struct mfd_error *err)
{
    struct mfd_variants_vcf *w = context;
    if (!w->out)
        return MFD_OK;
    mfd_buffer_add(w->out, bytes, n);
    return w->out->failed ? mfd_fail_nomem(err) : MFD_OK;
}

static int make_room(const struct mfd_scored_variants *v, struct mfd_variants_vcf *w)
{
    size_t width = v->base.choice.width, top = v->base.body.top > 1 ? (size_t)v->base.body.top : 1;
    for (size_t i = 0; i < v->base.layout.n_parts && i < 3; i++)
        for (size_t c = 0; c < 3; c++)
            if (strcmp(v->base.parts[i].group, "effect") == 0 &&
                strcmp(v->base.parts[i].name, mfd_part_names[c]) == 0 &&
                !(w->values[c] = mfd_calloc(width, sizeof(float))))
                return -1;
    w->best = mfd_calloc(top, sizeof *w->best);
    return w->best ? 0 : -1;
}

int mfd_variants_vcf_open(struct mfd_scored_variants *v, const char *body, size_t size,
                          struct mfd_problem *problem)
{
    struct mfd_variants_vcf *w = v->vcf = mfd_calloc(1, sizeof *w);
    const struct mfd_vcf_header *header;
    struct mfd_error err = MFD_ERROR_INIT;
    if (!w || make_room(v, w))
        return no_memory(problem);
    if (!body)
        make_body(v, &w->made);
    if (w->made.failed)
        return no_memory(problem);
    w->body = body ? body : w->made.data;
    w->size = body ? size : w->made.len;
    if (count_records(v, w, problem))
        return -1;
    describe(v, w);
    for (size_t i = 0; i < w->n_lines; i++) {
        if (w->text[i].failed)
            return no_memory(problem);
        w->lines[i] = w->text[i].data;
    }
    for (size_t i = 0; i < FIELDS; i++)
        if (wanted(&v->base.body, i)) {
            w->field[w->n_fields] = i;
            w->fields[w->n_fields++] = all_fields[i];
        }
    const struct mfd_vcf_writer_options options = { .fields = w->fields,
                                                    .n_fields = w->n_fields,
                                                    .lines = w->lines,
                                                    .n_lines = w->n_lines,
                                                    .genome = v->base.genome };
    int status = rewind_reader(w, &err);
    if (status == MFD_OK) /* as far as the header takes; the record is the first of the answer */
        status = mfd_vcf_reader_header(w->reader, &header, &err);
    while (status == MFD_EBUSY) {
        size_t left = w->size - w->pushed, n = left < 65536 ? left : 65536;
        if (n == 0)
            mfd_vcf_reader_end(w->reader);
        status = n ? mfd_vcf_reader_push(w->reader, w->body + w->pushed, n, &err) : MFD_OK;
        w->pushed += n;
        if (status == MFD_OK)
            status = mfd_vcf_reader_header(w->reader, &header, &err);
    }
    if (status == MFD_OK)
        status = mfd_vcf_writer_new(&w->writer, (struct mfd_vcf_sink){ write_out, w }, header,
                                    &options, &err);
    return status ? mfd_problem_from_error(problem, &err, NULL) : 0;
}

/* --- writing --- */

static void add_number(struct mfd_buffer *out, const float *value)
{
    if (value && isfinite(*value))
        mfd_text_f32s(out, value, 1);
    else
        mfd_buffer_addc(out, '.');
}

static const float *value_at(const struct mfd_variants_vcf *w, size_t component, size_t at)
{
    return w->values[component] ? &w->values[component][at] : NULL;
}

/* One field of one scored allele. */
static void add_field(const struct mfd_scored_variants *v, size_t field, size_t found,
                      const struct mfd_summary *sum, struct mfd_buffer *out)
{
    const struct mfd_variants_vcf *w = v->vcf;
    const char *const *names = v->base.choice.columns;
    float number = field == L2 ? (float)sum->l2 : (float)sum->biological_share;
    switch (field) {
    case TRACK:
        mfd_text_vcf(out, names[w->best[0]]);
        break;
    case EFFECT:
    case BIO:
    case TECH:
        add_number(out, value_at(w, field - EFFECT, w->best[0]));
        break;
    case TOP:
        for (size_t k = 0; k < found; k++) {
            mfd_buffer_adds(out, k ? "|" : "");
            mfd_text_vcf(out, names[w->best[k]]);
            for (size_t c = 0; c < 3; c++) {
                mfd_buffer_addc(out, ':');
                add_number(out, value_at(w, c, w->best[k]));
            }
        }
        break;
    default:
        add_number(out, &number);
    }
}

/* The fields of one allele into texts (n_fields), empty where it has none. */
static void describe_allele(const struct mfd_scored_variants *v, const struct mfd_result *result,
                            struct mfd_numbers *numbers, struct mfd_buffer *texts, size_t stride)
{
    struct mfd_variants_vcf *w = v->vcf;
    const struct mfd_scoring *s = &v->base;
    struct mfd_summary sum = { 0 };
    size_t found = 0, top = s->body.top > 1 ? (size_t)s->body.top : 1;
    bool ok = result->outcome == MFD_OUTCOME_OK;
    for (size_t i = 0; ok && i < s->layout.n_parts; i++)
        for (size_t c = 0; c < 3; c++)
            if (strcmp(s->parts[i].group, "effect") == 0 &&
                strcmp(s->parts[i].name, mfd_part_names[c]) == 0)
                mfd_numbers_fill(numbers, result->first_row, i, w->values[c]);
    if (ok) {
        bool both = w->values[1] && w->values[2];
        mfd_summary_of(w->values[0], both ? w->values[1] : NULL, both ? w->values[2] : NULL,
                       s->choice.width, &sum);
        found = mfd_summary_top(w->values[0], s->choice.width, top, w->best);
    }
    for (size_t f = 0; f < w->n_fields; f++) {
        struct mfd_buffer *text = &texts[f * stride];
        if (w->field[f] == STATUS)
            mfd_buffer_adds(text, !ok               ? result->problem->type->slug
                                  : result->flipped ? "flipped"
                                                    : "ok");
        else if (found)
            add_field(v, w->field[f], found, &sum, text);
    }
}

static int write_record(struct mfd_scored_variants *v, const struct mfd_vcf_record *record,
                        const struct mfd_result *results, struct mfd_numbers *numbers,
                        struct mfd_error *err)
{
    struct mfd_variants_vcf *w = v->vcf;
    size_t alleles = record->malformed ? 1 : record->alleles, n = w->n_fields * alleles;
    struct mfd_buffer *texts = mfd_calloc(n, sizeof *texts);
    const char **values = mfd_calloc(n, sizeof *values);
    bool failed = !texts || !values;
    for (size_t a = 0; !failed && results && a < alleles; a++)
        describe_allele(v, &results[a], numbers, texts + a, alleles);
    for (size_t i = 0; !failed && i < n; i++) {
        failed = texts[i].failed;
        values[i] = texts[i].len ? texts[i].data : NULL;
    }
    int status =
        failed ? mfd_fail_nomem(err) : mfd_vcf_writer_record(w->writer, record, values, err);
    for (size_t i = 0; texts && i < n; i++)
        mfd_buffer_deinit(&texts[i]);
    free(texts);
    free(values);
    return status;
}

/* Go to a record. A job that goes on in the middle has written the header already. */
static int go_to(struct mfd_scored_variants *v, size_t first, struct mfd_error *err)
{
    struct mfd_variants_vcf *w = v->vcf;
    const struct mfd_vcf_record *record;
    bool begun = w->at > 0;
    int status = MFD_OK;
    w->out = NULL;
    for (; w->at < first && status == MFD_OK; w->at++) {
        status = mfd_variants_next(w->reader, w->body, w->size, &w->pushed, &record, err);
        if (status == MFD_OK && !record->malformed && !begun) {
            status = write_record(v, record, NULL, NULL, err);
            begun = true;
        }
    }
    return status == MFD_OK && begun && first ? mfd_vcf_writer_finish(w->writer, err) : status;
}

int mfd_variants_vcf_write(struct mfd_scored_variants *v, size_t first, size_t n,
                           const struct mfd_result *results, struct mfd_numbers *numbers,
                           struct mfd_buffer *out, struct mfd_problem *problem)
{
    struct mfd_variants_vcf *w = v->vcf;
    const struct mfd_vcf_record *record;
    struct mfd_error err = MFD_ERROR_INIT;
    int status = go_to(v, first, &err);
    w->out = out;
    for (size_t i = 0; i < n && status == MFD_OK; i++, w->at++) {
        status = mfd_variants_next(w->reader, w->body, w->size, &w->pushed, &record, &err);
        if (status == MFD_OK)
            status = write_record(v, record, results + (v->first[first + i] - v->first[first]),
                                  numbers, &err);
    }
    if (status == MFD_OK) /* all of the part's text belongs to the part */
        status = mfd_vcf_writer_finish(w->writer, &err);
    w->out = NULL;
    return status ? mfd_problem_from_error(problem, &err, NULL) : 0;
}
