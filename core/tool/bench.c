/* Timings of the four protocols of the field and of dense variants, for a bundle or for a network
 * of the published size with random weights, as lines of JSON; and, with --explain, what each
 * costs. */
#include <stdio.h>
#include <string.h>

#include "core/base/cleanup.h"
#include "core/base/clock.h"
#include "core/base/memory.h"
#include "core/base/parse.h"
#include "core/engine/synthetic.h"
#include "core/score/score.h"
#include "core/tool/bench_input.h"
#include "core/tool/tool.h"

#define REPEATS 3 /* after one that warms up; the best is said, as by the peer */
#define MOST_REPEATS 1000
#define LONG_SECONDS 8     /* a call longer than this is not repeated */
#define ISM_BASES 100      /* in the middle of the window */
#define TILE_BASES 131072  /* a window every bin of these */
#define DENSE_VARIANTS 500 /* one every DENSE_STEP bases, as in the 1000 Genomes file */
#define DENSE_STEP 120

MFD_DEFINE_CLEANUP(struct mfd_model, mfd_model_unref);
MFD_DEFINE_CLEANUP(struct mfd_synthetic, mfd_synthetic_free);
MFD_DEFINE_CLEANUP(struct mfd_batch, mfd_batch_free);

struct bench {
    struct mfd_engine *engine;
    const struct mfd_head *head;
    const struct mfd_config *config;
    struct bench_input input;
    int64_t repeats; /* 0: the one call counts */
    bool explain;
    struct mfd_error err;
};

struct protocol {
    const char *name;
    int (*run)(struct bench *b);
};

/* A call to time, and how many windows, variants or substitutions it answers. */
struct timed {
    const char *protocol;
    size_t batch;   /* as said in the line */
    size_t answers; /* milliseconds are for one of these */
    int (*call)(struct bench *b, void *context);
    void *context;
};

struct timing {
    double ms, share;
};

static int time_call(struct bench *b, const struct timed *t, struct timing *out)
{
    struct timing best = { 0 };
    for (int64_t i = 0; i <= b->repeats; i++) {
        struct mfd_engine_stats before, after;
        mfd_engine_stats(b->engine, &before);
        double start = mfd_seconds();
        int status = t->call(b, t->context);
        double seconds = mfd_seconds() - start;
        if (status)
            return status;
        mfd_engine_stats(b->engine, &after);
        double ms = 1e3 * seconds / (double)t->answers;
        bool single = i == 0 && (seconds > LONG_SECONDS || b->repeats == 0);
        if (i == 0 && !single)
            continue; /* the first warms up */
        if (best.ms == 0 || ms < best.ms) {
            best.ms = ms;
            best.share =
                (after.product_seconds - before.product_seconds) / (seconds * after.threads);
        }
        if (single)
            break;
    }
    *out = best;
    return MFD_OK;
}

static void say(const struct bench *b, const struct timed *t, const struct timing *timing)
{
    struct mfd_engine_stats stats;
    mfd_engine_stats(b->engine, &stats);
    printf("{\"protocol\": \"%s\", \"batch\": %zu, \"threads\": %u, \"ms\": %.3f, "
           "\"sgemm_share\": %.3f, \"kernels\": \"%s\", \"packed_bytes\": %zu, "
           "\"scratch_bytes\": %zu}\n",
           t->protocol, t->batch, stats.threads, timing->ms, timing->share,
           mfd_engine_kernels(b->engine), stats.packed_bytes, stats.scratch_bytes);
    fflush(stdout);
}

static int time_and_say(struct bench *b, const struct timed *t)
{
    struct timing timing;
    int status = time_call(b, t, &timing);
    if (status == MFD_OK)
        say(b, t, &timing);
    return status;
}

/* ---- what a protocol costs ---- */

static int say_cost(struct bench *b, const char *protocol, struct mfd_batch *batch, size_t answers)
{
    struct mfd_cost cost;
    int status = mfd_engine_cost(b->engine, batch, &cost, &b->err);
    if (status)
        return status;
    printf("{\"protocol\": \"%s\", \"answers\": %zu, \"rows\": [", protocol, answers);
    for (size_t i = 0; i < cost.levels; i++)
        printf("%s%llu", i ? ", " : "", (unsigned long long)cost.rows[i]);
    printf("], \"rows_done\": [");
    for (size_t i = 0; i < cost.levels; i++)
        printf("%s%llu", i ? ", " : "", (unsigned long long)cost.rows_done[i]);
    printf("], \"gmac_each\": %.4f, \"gmac_done_each\": %.4f, \"windows_each\": %.4f}\n",
           cost.gmac / (double)answers, cost.gmac_done / (double)answers,
           cost.passes / (double)answers);
    return MFD_OK;
}

/* Windows at the places that `shifts`, `step` and `count` give on one stretch of made-up sequence,
 * and alleles of single bases every `substitute` bases of its middle. */
static int explain(struct bench *b, const char *protocol, unsigned shifts, size_t count,
                   size_t step, size_t substitutions, size_t answers)
{
    MFD_CLEANUP(mfd_batch_free_p) struct mfd_batch *batch = NULL;
    size_t sequence, allele, L = b->config->seq_len + (shifts > 1 ? 1 : 0);
    size_t middle = mfd_config_window(b->config) / 2;
    int status = mfd_batch_new(&batch, b->config, &b->err);
    if (status == MFD_OK)
        status = mfd_batch_sequence(batch, b->input.bases, b->input.n_bases, 0, &sequence, &b->err);
    for (size_t i = 0; i < count; i++)
        for (unsigned s = 0; s < shifts && status == MFD_OK; s++)
            status = mfd_batch_window(batch, sequence, (int64_t)(i * step + s), L, &b->err);
    for (size_t i = 0; i < substitutions && status == MFD_OK; i++) {
        size_t pos = middle - substitutions / 6 + i / 3;
        char alt = "ACGTACG"[strchr("ACGT", b->input.bases[pos]) - "ACGT" + 1 + (ptrdiff_t)(i % 3)];
        status = mfd_batch_allele(batch, sequence, (int64_t)pos, 1, &alt, 1, &allele, &b->err);
        for (unsigned s = 0; s < shifts && status == MFD_OK; s++)
            status = mfd_batch_window(batch, allele, s, L, &b->err);
    }
    return status ? status : say_cost(b, protocol, batch, answers);
}

/* ---- protocols ---- */

static int call_sequences(struct bench *b, void *context)
{
    size_t n = *(const size_t *)context;
    return mfd_score_sequences(b->engine, b->head, b->input.windows, n, MFD_ENSEMBLE_NONE,
                               &b->input.out, NULL, &b->err);
}

static int run_track(struct bench *b)
{
    static size_t batches[] = { 1, 4, 8, 16, 32 };
    struct timed best = { 0 };
    struct timing best_timing = { 0 };
    if (b->explain)
        return explain(b, "track", 1, 1, 0, 0, 1);
    for (size_t i = 0; i < sizeof batches / sizeof *batches; i++) {
        struct timed t = { "track", batches[i], batches[i], call_sequences, &batches[i] };
        struct timing timing;
        int status = time_call(b, &t, &timing);
        if (status)
            return status;
        if (i == 0)
            say(b, &t, &timing);
        else if (best_timing.ms == 0 || timing.ms < best_timing.ms) {
            best = t;
            best_timing = timing;
        }
    }
    say(b, &best, &best_timing);
    return MFD_OK;
}

static int call_variants(struct bench *b, void *context)
{
    const struct bench_variants *v = context;
    struct mfd_effects out = { .effect = b->input.out,
                               .logits_biological_ver2 = b->input.swap[0],
                               .logits_technical_ver2 = b->input.swap[1] };
    for (size_t first = 0; first < v->n; first += BENCH_ROWS) {
        size_t n = v->n - first < BENCH_ROWS ? v->n - first : BENCH_ROWS;
        int status = mfd_score_variants(b->engine, b->head, v->genome, v->variants + first, n,
                                        MFD_ENSEMBLE_PUBLISHED, false, &out, NULL, &b->err);
        if (status)
            return status;
    }
    return MFD_OK;
}

static int run_variant(struct bench *b)
{
    struct bench_variants v;
    if (b->explain)
        return explain(b, "variant (one strand)", 7, 1, 0, 1, 1);
    int status = bench_variants_made_up(&v, &b->input, 1, DENSE_STEP, &b->err);
    struct timed t = { "variant", 1, 1, call_variants, &v };
    if (status == MFD_OK)
        status = time_and_say(b, &t);
    bench_variants_deinit(&v);
    return status;
}

/* One strand of a group of dense variants: both alleles, seven shifts. */
static int explain_dense(struct bench *b)
{
    MFD_CLEANUP(mfd_batch_free_p) struct mfd_batch *batch = NULL;
    enum { VARIANTS = 192, SHIFTS = 7 }; /* as many as core/score computes together */
    size_t sequence, allele, window = mfd_config_published_window(b->config);
    int status = mfd_batch_new(&batch, b->config, &b->err);
    if (status == MFD_OK)
        status = mfd_batch_sequence(batch, b->input.bases, b->input.n_bases, 0, &sequence, &b->err);
    for (size_t i = 0; i < VARIANTS && status == MFD_OK; i++) {
        size_t from = (i + 1) * DENSE_STEP, pos = from + window / 2;
        char alt = b->input.bases[pos] == 'T' ? 'A' : 'T';
        status = mfd_batch_allele(batch, sequence, (int64_t)pos, 1, &alt, 1, &allele, &b->err);
        for (size_t s = 0; s < 2 * SHIFTS && status == MFD_OK; s++)
            status =
                mfd_batch_window(batch, s < SHIFTS ? sequence : allele,
                                 (int64_t)(from + s % SHIFTS), b->config->seq_len + 1, &b->err);
    }
    return status ? status : say_cost(b, "variant-dense (one strand)", batch, VARIANTS);
}

static int run_dense(struct bench *b)
{
    struct bench_variants v;
    if (b->explain)
        return explain_dense(b);
    int status = b->input.vcf
                     ? bench_variants_read(&v, &b->input, &b->err)
                     : bench_variants_made_up(&v, &b->input, DENSE_VARIANTS, DENSE_STEP, &b->err);
    struct timed t = { "variant-dense", v.n, v.n, call_variants, &v };
    if (status == MFD_OK)
        status = time_and_say(b, &t);
    bench_variants_deinit(&v);
    return status;
}

static int call_ism(struct bench *b, void *context)
{
    size_t n = mfd_config_window(b->config), from = (n - ISM_BASES) / 2;
    (void)context;
    return mfd_score_ism(b->engine, b->head, b->input.windows, from, from + ISM_BASES,
                         MFD_ENSEMBLE_NONE, &b->input.out, NULL, NULL, &b->err);
}

static int run_ism(struct bench *b)
{
    struct timed t = { "ism", 3 * ISM_BASES, 3 * ISM_BASES, call_ism, NULL };
    return b->explain ? explain(b, "ism", 1, 1, 0, 3 * ISM_BASES, 3 * ISM_BASES)
                      : time_and_say(b, &t);
}

static int call_tile(struct bench *b, void *context)
{
    struct bench_variants *v = context; /* for its genome */
    size_t bin = mfd_config_bin(b->config), n = TILE_BASES / bin;
    MFD_AUTO_FREE size_t *contig = mfd_calloc(n, sizeof *contig);
    MFD_AUTO_FREE int64_t *start = mfd_calloc(n, sizeof *start);
    MFD_AUTO_FREE int *statuses = mfd_calloc(n, sizeof *statuses);
    if (!contig || !start || !statuses)
        return mfd_fail_nomem(&b->err);
    for (size_t i = 0; i < n; i++)
        start[i] = (int64_t)((b->config->crop + 1 + i) * bin);
    return mfd_score_bins(b->engine, b->head, v->genome, contig, start, n, MFD_ENSEMBLE_NONE, false,
                          &b->input.out, statuses, NULL, NULL, &b->err);
}

static int run_tile(struct bench *b)
{
    size_t bin = mfd_config_bin(b->config), n = TILE_BASES / bin;
    struct bench_variants v;
    if (b->explain)
        return explain(b, "tile", 1, n, bin, 0, n);
    int status = bench_variants_made_up(&v, &b->input, 0, DENSE_STEP, &b->err);
    struct timed t = { "tile", n, n, call_tile, &v };
    if (status == MFD_OK)
        status = time_and_say(b, &t);
    bench_variants_deinit(&v);
    return status;
}

static const struct protocol protocols[] = {
    { "track", run_track }, { "variant", run_variant }, { "variant-dense", run_dense },
    { "ism", run_ism },     { "tile", run_tile },
};
#define PROTOCOLS (sizeof protocols / sizeof *protocols)

static int run_protocols(struct bench *b, const char *only)
{
    bool any = false;
    for (size_t i = 0; i < PROTOCOLS; i++) {
        if (only && strcmp(only, protocols[i].name) != 0)
            continue;
        int status = protocols[i].run(b);
        if (status)
            return status;
        any = true;
    }
    return any ? MFD_OK
               : mfd_fail(&b->err, MFD_EINVAL,
                          "there is no protocol '%s'; there are track, variant, variant-dense, "
                          "ism, tile",
                          only);
}

struct arguments {
    const char *bundle, *protocol, *threads, *genome, *variants, *kernels, *repeats;
    bool explain, openblas;
};

static int set_up(struct bench *b, const struct arguments *a, struct mfd_model **model,
                  struct mfd_synthetic **synthetic)
{
    struct mfd_engine_options options = MFD_ENGINE_OPTIONS_INIT;
    const struct mfd_synthetic_options published = MFD_SYNTHETIC_OPTIONS_INIT;
    int status = tool_threads(a->threads, &options.threads, &b->err);
    if (status)
        return status;
    if (a->repeats && !mfd_parse_i64(a->repeats, strlen(a->repeats), 0, MOST_REPEATS, &b->repeats))
        return mfd_fail(&b->err, MFD_EINVAL, "--repeats wants a number from 0 to %d, not '%s'",
                        MOST_REPEATS, a->repeats);
    options.kernels = a->kernels;
    options.openblas = a->openblas;
    b->explain = a->explain;
    if (a->bundle) {
        status = mfd_model_open(model, a->bundle, &b->err);
        if (!status)
            status = mfd_engine_new(&b->engine, *model, &options, &b->err);
        b->head = status ? NULL : mfd_model_head(*model);
    } else {
        status = mfd_synthetic_new(synthetic, &published, &b->err);
        if (!status)
            status = mfd_engine_new_bare(&b->engine, mfd_synthetic_config(*synthetic),
                                         mfd_synthetic_trunk(*synthetic), &options, &b->err);
        b->head = status ? NULL : mfd_synthetic_head(*synthetic);
    }
    if (status)
        return status;
    b->config = mfd_engine_config(b->engine);
    return bench_input_init(&b->input, b->config, b->head, a->genome, a->variants, &b->err);
}

int tool_bench(const struct tool_command *self, int argc, char **argv)
{
    struct arguments a = { 0 };
    const struct tool_option options[] = {
        { "bundle", 'b', "BUNDLE", "a model; default: published size, random weights", false,
          &a.bundle, NULL },
        { "protocol", 'p', "NAME", "track, variant, variant-dense, ism or tile; default: all",
          false, &a.protocol, NULL },
        { "threads", 't', "N", "worker threads; default: one a core", false, &a.threads, NULL },
        { "repeats", 'r', "N", "calls timed after one that warms up; 0 times that; default: 3",
          false, &a.repeats, NULL },
        { "genome", 'g', "FASTA", "genome of --variants", false, &a.genome, NULL },
        { "variants", 'v', "VCF", "variants for variant-dense instead of made-up ones", false,
          &a.variants, NULL },
        { "kernels", 'k', "NAME", "avx512, avx2 or portable; default: the best here", false,
          &a.kernels, NULL },
        { "openblas", 0, NULL, "matrix products by OpenBLAS", false, NULL, &a.openblas },
        { "explain", 'e', NULL, "print rows a level and multiply-adds instead of timing", false,
          NULL, &a.explain },
        { 0 },
    };
    int code;
    if (!tool_parse(self, options, argc, argv, NULL, 0, &code))
        return code;
    MFD_CLEANUP(mfd_model_unref_p) struct mfd_model *model = NULL;
    MFD_CLEANUP(mfd_synthetic_free_p) struct mfd_synthetic *synthetic = NULL;
    struct bench b = { .repeats = REPEATS, .err = MFD_ERROR_INIT };
    int status = set_up(&b, &a, &model, &synthetic);
    if (status == MFD_OK)
        status = run_protocols(&b, a.protocol);
    bench_input_deinit(&b.input);
    mfd_engine_free(b.engine);
    return status ? tool_fail(&b.err) : tool_finish();
}
