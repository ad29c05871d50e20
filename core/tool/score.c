/* mfd-model score: effects of the variants of a VCF file, by the published protocol. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/buffer.h"
#include "core/base/cleanup.h"
#include "core/base/file.h"
#include "core/base/memory.h"
#include "core/genome/vcf.h"
#include "core/tool/arrays.h"
#include "core/tool/tool.h"

MFD_DEFINE_CLEANUP(struct mfd_model, mfd_model_unref);
MFD_DEFINE_CLEANUP(struct mfd_engine, mfd_engine_free);
MFD_DEFINE_CLEANUP(struct mfd_genome, mfd_genome_unref);
MFD_DEFINE_CLEANUP(struct mfd_vcf_reader, mfd_vcf_reader_free);

#define STATUSES 16

struct job {
    const char *bundle, *genome_path, *variants_path, *ensemble, *dir, *threads;
    bool pad;
    struct mfd_genome *genome;
    struct mfd_engine *engine;
    const struct mfd_head *head;
    struct mfd_ensemble e;
    struct arrays arrays;
    struct mfd_effects out;
    struct mfd_variant variants[ARRAYS_ROWS];
    size_t n;    /* variants waiting */
    FILE *table; /* a line a variant */
    size_t counts[STATUSES];
    struct mfd_error err;
};

static void drop_variants(struct job *j)
{
    for (size_t i = 0; i < j->n; i++)
        mfd_variant_deinit(&j->variants[i]);
    j->n = 0;
}

static const char *or_dot(const char *s)
{
    return s && *s ? s : ".";
}

/* Score the variants waiting and append their rows, of scored and unscored alike. */
static int flush(struct job *j)
{
    int status = mfd_score_variants(j->engine, j->head, j->genome, j->variants, j->n, j->e, j->pad,
                                    &j->out, NULL, &j->err);
    if (status == MFD_OK)
        status = arrays_append(&j->arrays, j->n, &j->err);
    for (size_t i = 0; i < j->n && status == MFD_OK; i++) {
        const struct mfd_variant *v = &j->variants[i];
        j->counts[v->status]++;
        fprintf(j->table, "%s\t%lld\t%s\t%s\t%s\t%s\n", or_dot(v->chrom), (long long)v->pos + 1,
                or_dot(v->id), or_dot(v->ref), or_dot(v->alt), mfd_variant_status_slug(v->status));
    }
    drop_variants(j);
    return status;
}

static int take_record(struct job *j, const struct mfd_vcf_record *record)
{
    size_t alleles = record->malformed ? 1 : record->alleles;
    for (size_t a = 0; a < alleles; a++) {
        int status = MFD_OK;
        if (j->n == ARRAYS_ROWS)
            status = flush(j);
        if (status == MFD_OK)
            status =
                mfd_vcf_record_variant(record, a, j->genome, &j->variants[j->n], NULL, &j->err);
        if (status)
            return status;
        j->n++;
    }
    return MFD_OK;
}

static int read_all(struct job *j)
{
    MFD_CLEANUP(mfd_vcf_reader_free_p) struct mfd_vcf_reader *reader = NULL;
    const struct mfd_vcf_record *record = NULL;
    int status = mfd_vcf_reader_open(&reader, j->variants_path, NULL, &j->err);
    while (!status && !(status = mfd_vcf_reader_next(reader, &record, &j->err)) && record)
        status = take_record(j, record);
    if (!status && mfd_vcf_reader_lacks_end(reader))
        fprintf(stderr, TOOL_NAME ": '%s' has no bgzip end marker and may have been cut short\n",
                j->variants_path);
    return status ? status : flush(j);
}

static int open_outputs(struct job *j)
{
    struct mfd_effects *o = &j->out;
    size_t tracks = j->head->tracks;
    int status = arrays_open(&j->arrays, j->dir, &j->err);
    if (status == MFD_OK)
        status = arrays_add_outputs(&j->arrays, j->dir, "", j->head, &o->effect, &j->err);
    if (status == MFD_OK)
        status = arrays_add_outputs(&j->arrays, j->dir, ".ref", j->head, &o->reference, &j->err);
    if (status == MFD_OK && !j->head->w_all)
        status = arrays_add(&j->arrays, j->dir, "logits_biological_ver2", "", tracks,
                            &o->logits_biological_ver2, &j->err);
    if (status == MFD_OK && !j->head->w_all)
        status = arrays_add(&j->arrays, j->dir, "logits_technical_ver2", "", tracks,
                            &o->logits_technical_ver2, &j->err);
    return status;
}

static int write_table(struct job *j, char *text, size_t size)
{
    struct mfd_buffer path = MFD_BUFFER_INIT;
    mfd_buffer_addf(&path, "%s/variants.tsv", j->dir);
    int status =
        path.failed ? mfd_fail_nomem(&j->err) : mfd_file_replace(path.data, text, size, &j->err);
    mfd_buffer_deinit(&path);
    return status;
}

static int score(struct job *j)
{
    char *text = NULL;
    size_t size = 0;
    j->table = open_memstream(&text, &size);
    if (!j->table)
        return mfd_fail_nomem(&j->err);
    fputs("chrom\tpos\tid\tref\talt\tstatus\n", j->table);
    int status = open_outputs(j);
    if (status == MFD_OK)
        status = read_all(j);
    if (fclose(j->table) != 0 && status == MFD_OK)
        status = mfd_fail_nomem(&j->err);
    if (status == MFD_OK)
        status = arrays_finish(&j->arrays, &j->err);
    if (status == MFD_OK)
        status = write_table(j, text, size);
    free(text);
    drop_variants(j);
    arrays_deinit(&j->arrays);
    return status;
}

static int run(struct job *j)
{
    MFD_CLEANUP(mfd_model_unref_p) struct mfd_model *model = NULL;
    MFD_CLEANUP(mfd_engine_free_p) struct mfd_engine *engine = NULL;
    MFD_CLEANUP(mfd_genome_unref_p) struct mfd_genome *genome = NULL;
    struct mfd_engine_options options = MFD_ENGINE_OPTIONS_INIT;
    int status = tool_threads(j->threads, &options.threads, &j->err);
    if (status == MFD_OK)
        status = ensemble_parse(j->ensemble, &j->e, &j->err);
    if (status == MFD_OK)
        status = mfd_genome_open(&genome, j->genome_path, &j->err);
    if (status == MFD_OK)
        status = mfd_model_open(&model, j->bundle, &j->err);
    if (status == MFD_OK)
        status = mfd_engine_new(&engine, model, &options, &j->err);
    if (status)
        return status;
    j->genome = genome;
    j->engine = engine;
    j->head = mfd_model_head(model);
    return score(j);
}

/* "24990 variants: 24985 ok, 5 ref-mismatch" */
static void say_counts(const struct job *j)
{
    size_t all = 0;
    const char *between = ": ";
    for (size_t i = 0; i < STATUSES; i++)
        all += j->counts[i];
    fprintf(stderr, TOOL_NAME ": %zu variants", all);
    for (size_t i = 0; i < STATUSES; i++) {
        if (!j->counts[i])
            continue;
        fprintf(stderr, "%s%zu %s", between, j->counts[i],
                mfd_variant_status_slug((enum mfd_variant_status)i));
        between = ", ";
    }
    fputc('\n', stderr);
}

int tool_score(const struct tool_command *self, int argc, char **argv)
{
    struct job *j = mfd_calloc(1, sizeof *j);
    if (!j)
        return TOOL_FAILED;
    j->ensemble = "published";
    const struct tool_option options[] = {
        { "genome", 'g', "FASTA", "reference, plain or bgzip, with its .fai", true, &j->genome_path,
          NULL },
        { "variants", 'v', "VCF", "variants, plain or gzip; - is stdin", true, &j->variants_path,
          NULL },
        { "ensemble", 'e', "NAME", "none, strands or published (default)", false, &j->ensemble,
          NULL },
        { "pad", 0, NULL, "read N where a window leaves its contig", false, NULL, &j->pad },
        { "out", 'o', "DIR", "folder for predictions.npy, logits.npy, ..., variants.tsv", true,
          &j->dir, NULL },
        { "threads", 't', "N", "worker threads; default: one a core", false, &j->threads, NULL },
        { 0 },
    };
    int code;
    if (tool_parse(self, options, argc, argv, &j->bundle, 1, &code)) {
        code = run(j) ? tool_fail(&j->err) : TOOL_OK;
        if (code == TOOL_OK)
            say_counts(j);
    }
    free(j);
    return code;
}
