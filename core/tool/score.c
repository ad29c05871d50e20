/* mfd-model score: effects of the variants of a VCF file, by the published protocol. */
#include <stdio.h>
#include <stdlib.h>

#include "core/base/memory.h"
#include "core/tool/alleles.h"
#include "core/tool/arrays.h"
#include "core/tool/runner.h"
#include "core/tool/tool.h"

#define STATUSES 16

struct job {
    const char *bundle, *genome_path, *variants_path, *ensemble, *dir, *threads;
    bool pad;
    struct runner runner;
    struct mfd_ensemble e;
    struct arrays arrays;
    struct mfd_effects out;
    FILE *table; /* a line a variant; owned by arrays */
    size_t counts[STATUSES], padded;
    struct mfd_error err;
};

static const char *or_dot(const char *s)
{
    return s && *s ? s : ".";
}

/* Bases of a scored variant's windows that were read as N, being outside its contig. */
static int64_t padding(const struct job *j, const struct mfd_variant *v)
{
    const struct mfd_config *config = mfd_model_config(j->runner.model);
    return mfd_variant_scored(v->status) ? mfd_score_outside(config, j->runner.genome, v, j->e) : 0;
}

/* Score a block and append its rows, of scored and unscored alike. */
static int take(void *context, struct mfd_variant *variants, size_t n, struct mfd_error *err)
{
    struct job *j = context;
    int status =
        mfd_score_variants(j->runner.engine, mfd_model_head(j->runner.model), j->runner.genome,
                           variants, n, j->e, j->pad, &j->out, NULL, err);
    if (status == MFD_OK)
        status = arrays_append(&j->arrays, n, err);
    for (size_t i = 0; i < n && status == MFD_OK; i++) {
        const struct mfd_variant *v = &variants[i];
        int64_t padded = padding(j, v);
        j->counts[v->status]++;
        j->padded += padded > 0;
        fprintf(j->table, "%s\t%lld\t%s\t%s\t%s\t%s\t%lld\n", or_dot(v->chrom),
                (long long)v->pos + 1, or_dot(v->id), or_dot(v->ref), or_dot(v->alt),
                mfd_variant_status_slug(v->status), (long long)padded);
    }
    return status;
}

static int open_outputs(struct job *j)
{
    const struct mfd_head *head = mfd_model_head(j->runner.model);
    struct mfd_effects *o = &j->out;
    const bool split = !head->w_all;
    int status = arrays_open(&j->arrays, j->dir, &j->err);
    if (status == MFD_OK)
        status = arrays_add_outputs(&j->arrays, j->dir, "", head, &o->effect, &j->err);
    if (status == MFD_OK)
        status = arrays_add_outputs(&j->arrays, j->dir, ".ref", head, &o->reference, &j->err);
    if (status == MFD_OK && split)
        status = arrays_add(&j->arrays, j->dir, "logits_biological_ver2", "", head->tracks,
                            &o->logits_biological_ver2, &j->err);
    if (status == MFD_OK && split)
        status = arrays_add(&j->arrays, j->dir, "logits_technical_ver2", "", head->tracks,
                            &o->logits_technical_ver2, &j->err);
    if (status == MFD_OK)
        status = arrays_add_text(&j->arrays, j->dir, "variants.tsv", &j->table, &j->err);
    return status;
}

static int run(struct job *j)
{
    const struct alleles_sink sink = { .take = take, .context = j };
    int status = ensemble_parse(j->ensemble, &j->e, &j->err);
    if (status == MFD_OK)
        status = runner_open(&j->runner, j->bundle, j->genome_path, j->threads, &j->err);
    if (status == MFD_OK)
        status = open_outputs(j);
    if (status == MFD_OK) {
        fputs("chrom\tpos\tid\tref\talt\tstatus\tpadded\n", j->table);
        status = alleles_read(j->variants_path, j->runner.genome, &sink, &j->err);
    }
    if (status == MFD_OK)
        status = arrays_finish(&j->arrays, &j->err);
    arrays_deinit(&j->arrays);
    runner_close(&j->runner);
    return status;
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
    if (j->padded)
        fprintf(stderr, "; %zu windows leave their contig and were padded with N", j->padded);
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
