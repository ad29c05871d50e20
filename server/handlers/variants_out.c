/* Scores in the VCF that the variants came from, or in a small one made of a JSON list
 * (variants_info.c has the fields). */
#include <stdlib.h>
#include <string.h>

#include "core/base/cleanup.h"
#include "core/base/memory.h"
#include "proto/text.h"
#include "server/handlers/variants_info.h"
#include "server/served.h"

#define TOLD 20 /* lines that are left out, named in the header */

MFD_DEFINE_CLEANUP(struct mfd_vcf_reader, mfd_vcf_reader_free);

struct mfd_variants_vcf {
    struct mfd_buffer made; /* the input, where it was no VCF */
    const char *body;
    size_t size, pushed, at; /* at: records taken */
    struct mfd_vcf_reader *reader;
    struct mfd_vcf_writer *writer;
    struct mfd_variants_info info;
    struct mfd_buffer text[TOLD + 3];
    const char *lines[TOLD + 3]; /* of the header */
    size_t n_lines;
    struct mfd_buffer *out; /* of the part under way; NULL: what is written is dropped */
};

void mfd_variants_vcf_free(struct mfd_variants_vcf *w)
{
    if (!w)
        return;
    mfd_vcf_writer_free(w->writer);
    mfd_vcf_reader_free(w->reader);
    mfd_buffer_deinit(&w->made);
    for (size_t i = 0; i < TOLD + 3; i++)
        mfd_buffer_deinit(&w->text[i]);
    mfd_variants_info_deinit(&w->info);
    free(w);
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
        return mfd_problem_nomem(problem);
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
    const struct mfd_marginal *average = v->base.choice.marginal;
    const struct mfd_vcf_source source = {
        mfd_served_name(v->base.served), mfd_served_digest(v->base.served),
        mfd_scale_names[body->scale],    average ? body->over : NULL,
        average ? body->n_over : 0,      average ? average->settings : 0
    };
    mfd_vcf_source_line(&source, line);
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

static int write_out(void *context, const void *bytes, size_t n, struct mfd_error *err)
{
    struct mfd_variants_vcf *w = context;
    if (!w->out)
        return MFD_OK;
    mfd_buffer_add(w->out, bytes, n);
    return w->out->failed ? mfd_fail_nomem(err) : MFD_OK;
}

int mfd_variants_vcf_open(struct mfd_scored_variants *v, const char *body, size_t size,
                          struct mfd_problem *problem)
{
    struct mfd_variants_vcf *w = v->vcf = mfd_calloc(1, sizeof *w);
    const struct mfd_vcf_header *header;
    struct mfd_error err = MFD_ERROR_INIT;
    if (!w)
        return mfd_problem_nomem(problem);
    if (mfd_variants_info_init(&w->info, v, problem))
        return -1;
    if (!body)
        make_body(v, &w->made);
    if (w->made.failed)
        return mfd_problem_nomem(problem);
    w->body = body ? body : w->made.data;
    w->size = body ? size : w->made.len;
    if (count_records(v, w, problem))
        return -1;
    describe(v, w);
    for (size_t i = 0; i < w->n_lines; i++) {
        if (w->text[i].failed)
            return mfd_problem_nomem(problem);
        w->lines[i] = w->text[i].data;
    }
    const struct mfd_vcf_writer_options options = { .fields = w->info.fields,
                                                    .n_fields = w->info.n,
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

static int write_record(struct mfd_scored_variants *v, const struct mfd_vcf_record *record,
                        const struct mfd_result *results, struct mfd_numbers *numbers,
                        struct mfd_error *err)
{
    struct mfd_variants_vcf *w = v->vcf;
    size_t alleles = record->malformed ? 1 : record->alleles, n = w->info.n * alleles;
    struct mfd_buffer *texts = mfd_calloc(n, sizeof *texts);
    const char **values = mfd_calloc(n, sizeof *values);
    bool failed = !texts || !values;
    for (size_t a = 0; !failed && results && a < alleles; a++)
        mfd_variants_info_tell(&w->info, v, &results[a], numbers, texts + a, alleles);
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
