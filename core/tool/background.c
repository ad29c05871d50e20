/* mfd-model background: put the distribution of common variants' effects into a bundle. */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/memory.h"
#include "core/score/background.h"
#include "core/score/sample.h"
#include "core/tool/alleles.h"
#include "core/tool/condition.h"
#include "core/tool/runner.h"
#include "core/tool/tool.h"

#define MOST_KEPT 20000 /* of more, a random sample: memory does not grow with the file */

struct job {
    const char *bundle, *genome_path, *variants_path, *where, *out, *threads;
    struct condition common; /* empty: all are */
    struct runner runner;
    size_t tracks;
    float *block;                /* (ALLELES_BLOCK, tracks) */
    float *effects;              /* (kept, tracks) */
    size_t kept, size;           /* rows of effects, and room */
    size_t read, chosen, scored; /* alleles */
    uint64_t seed;
    struct mfd_error err;
};

static bool wants(void *context, const struct mfd_vcf_record *record, size_t allele)
{
    struct job *j = context;
    bool common = condition_holds(&j->common, record, allele);
    j->read++;
    j->chosen += common;
    return common;
}

/* Room for as many rows again as a block may bring. */
static int reserve(struct job *j, struct mfd_error *err)
{
    size_t size = j->kept + ALLELES_BLOCK, floats;
    if (size <= j->size || j->size == MOST_KEPT)
        return MFD_OK;
    size = 2 * size < MOST_KEPT ? 2 * size : MOST_KEPT;
    float *p =
        mfd_mul(size, j->tracks, &floats) ? mfd_realloc(j->effects, floats, sizeof *p) : NULL;
    if (!p)
        return mfd_fail_nomem(err);
    j->effects = p;
    j->size = size;
    return MFD_OK;
}

/* Where the effects of one more variant go so that those kept are a random sample of all (Vitter's
 * algorithm R); MOST_KEPT: nowhere. */
static size_t place(struct job *j)
{
    size_t at = j->scored++;
    if (at < MOST_KEPT)
        return j->kept++;
    at = (size_t)(mfd_random_next(&j->seed) % j->scored);
    return at < MOST_KEPT ? at : MOST_KEPT;
}

static int take(void *context, struct mfd_variant *variants, size_t n, struct mfd_error *err)
{
    struct job *j = context;
    const struct mfd_effects out = { .effect = { .logits = j->block } };
    int status =
        mfd_score_variants(j->runner.engine, mfd_model_head(j->runner.model), j->runner.genome,
                           variants, n, MFD_ENSEMBLE_PUBLISHED, false, &out, NULL, err);
    if (status == MFD_OK)
        status = reserve(j, err);
    for (size_t i = 0; i < n && status == MFD_OK; i++) {
        if (!mfd_variant_scored(variants[i].status))
            continue;
        size_t row = place(j);
        if (row < MOST_KEPT)
            memcpy(j->effects + row * j->tracks, j->block + i * j->tracks,
                   j->tracks * sizeof *j->block);
    }
    return status;
}

/* What the bundle says of its background; the caller's (free). */
static char *describe(const struct job *j)
{
    const char *slash = strrchr(j->variants_path, '/');
    json_t *json = json_pack(
        "{s:s, s:s, s:I, s:I, s:I, s:I, s:s}", "variants", slash ? slash + 1 : j->variants_path,
        "where", j->where, "read", (json_int_t)j->read, "chosen", (json_int_t)j->chosen, "scored",
        (json_int_t)j->scored, "kept", (json_int_t)j->kept, "ensemble", "published");
    char *text = json ? json_dumps(json, 0) : NULL;
    json_decref(json);
    return text;
}

static int write_bundle(struct job *j)
{
    if (j->scored < MFD_BACKGROUND_VARIANTS)
        return mfd_fail(&j->err, MFD_EINVAL,
                        "a background needs at least %d scored variants; of %zu in '%s', %zu "
                        "fulfil --where '%s' and %zu could be scored; give more, or choose more of "
                        "them with --where (all: every one)",
                        MFD_BACKGROUND_VARIANTS, j->read, j->variants_path, j->chosen, j->where,
                        j->scored);
    char *source = describe(j);
    int status =
        source ? mfd_background_write(j->runner.model, j->effects, j->kept, source, j->out, &j->err)
               : mfd_fail_nomem(&j->err);
    free(source);
    return status;
}

static int run(struct job *j)
{
    const struct alleles_sink sink = { .wants = wants, .take = take, .context = j };
    size_t floats;
    int status = MFD_OK;
    if (strcmp(j->where, "all") != 0)
        status = condition_read(&j->common, j->where, &j->err);
    if (status == MFD_OK)
        status = runner_open(&j->runner, j->bundle, j->genome_path, j->threads, &j->err);
    if (status == MFD_OK) {
        j->tracks = mfd_model_tracks(j->runner.model);
        if (mfd_mul(ALLELES_BLOCK, j->tracks, &floats))
            j->block = mfd_aligned(floats, sizeof *j->block);
        status = j->block ? alleles_read(j->variants_path, j->runner.genome, &sink, &j->err)
                          : mfd_fail_nomem(&j->err);
    }
    if (status == MFD_OK)
        status = write_bundle(j);
    runner_close(&j->runner);
    return status;
}

int tool_background(const struct tool_command *self, int argc, char **argv)
{
    struct job j = { .where = "AF>=0.01", .seed = 1, .err = MFD_ERROR_INIT };
    const struct tool_option options[] = {
        { "genome", 'g', "FASTA", "reference, plain or bgzip, with its .fai", true, &j.genome_path,
          NULL },
        { "variants", 'v', "VCF", "variants, at least 10,000 of them common; - is stdin", true,
          &j.variants_path, NULL },
        { "where", 'w', "COND", "which are common (AF>=0.01), by INFO; or all", false, &j.where,
          NULL },
        { "out", 'o', "BUNDLE", "the bundle with its background; may be the same file", true,
          &j.out, NULL },
        { "threads", 't', "N", "worker threads; default: one a core", false, &j.threads, NULL },
        { 0 },
    };
    int code;
    if (tool_parse(self, options, argc, argv, &j.bundle, 1, &code)) {
        code = run(&j) ? tool_fail(&j.err) : TOOL_OK;
        if (code == TOOL_OK)
            fprintf(stderr,
                    TOOL_NAME ": background of %zu variants (%zu read, %zu with %s) in %s\n",
                    j.kept, j.read, j.chosen, j.where, j.out);
    }
    free(j.block);
    free(j.effects);
    return code;
}
