/* What 10,000 virtual tracks cost beside passes of the trunk, their weights being in the cache,
 * and what it costs to compute those weights at first.
 *
 *     virtual BUNDLE [THREADS]
 *
 * BUNDLE is one of make_bundle.py, whose columns are known here. Two sets: nearly all halves
 * different (no sharing helps), and 100 biological by 100 technical settings. Medians of rounds
 * that alternate between the pass alone and the pass with the tracks; a line of JSON a set. */
#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "core/model/virtual.h"
#include "core/score/score.h"

#define TRACKS 10000
#define ROUNDS 15
#define WINDOWS 16 /* of a batch */

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return 1e3 * (double)t.tv_sec + 1e-6 * (double)t.tv_nsec;
}

static _Noreturn void die(const struct mfd_error *err)
{
    fprintf(stderr, "virtual: %s\n", err->message);
    exit(1);
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median(double *x)
{
    qsort(x, ROUNDS, sizeof *x, compare);
    return x[ROUNDS / 2];
}

static const char *label(const struct mfd_model *m, const char *column, size_t i)
{
    const struct mfd_metadata *md = mfd_model_metadata(m);
    const struct mfd_field *f = mfd_fields_at(md, mfd_fields_find(md, column));
    return f->labels[i % f->n_labels];
}

/* Setting b of biology and t of technique. */
static json_t *setting(const struct mfd_model *m, size_t b, size_t t)
{
    return json_pack("{s:s, s:[s, s], s:s, s:s, s:s, s:s, s:f}", "Biosample_term_name",
                     label(m, "Biosample_term_name", b), "Biosample_organ_slims",
                     label(m, "Biosample_organ_slims", b / 200),
                     label(m, "Biosample_organ_slims", b / 2000), "proc_target",
                     label(m, "proc_target", b / 7), "proc_Assay_lvl1",
                     label(m, "proc_Assay_lvl1", t), "Library_lab", label(m, "Library_lab", t / 3),
                     "Experiment_date_released", label(m, "Experiment_date_released", t / 36),
                     "frip", (double)t / TRACKS);
}

struct bench {
    struct mfd_model *model;
    struct mfd_engine *engine;
    struct mfd_window windows[WINDOWS];
    size_t n;                 /* of them, in a request */
    float *features, *logits; /* (WINDOWS, features), (WINDOWS, TRACKS) */
    struct mfd_error err;
};

static void score(struct bench *b, const struct mfd_head *head)
{
    const struct mfd_outputs out = { .features = b->features, .logits = head ? b->logits : NULL };
    if (mfd_score_sequences(b->engine, head ? head : mfd_model_head(b->model), b->windows, b->n,
                            MFD_ENSEMBLE_NONE, &out, NULL, &b->err))
        die(&b->err);
}

/* As a request has it: weights looked up, a head of them, the pass. */
static double score_virtual(struct bench *b, const struct mfd_combination *c, double *lookup)
{
    const struct mfd_virtual *v;
    double start = now();
    if (mfd_virtual_weights(b->model, c, TRACKS, &v, NULL, &b->err))
        die(&b->err);
    struct mfd_head *head = mfd_virtual_shared_head(v);
    *lookup = now() - start;
    score(b, head);
    double all = now() - start;
    mfd_head_free(head);
    mfd_virtual_unref(v);
    return all;
}

/* One window alone, then a batch: the weights are read once for all of it. */
static void time_and_say(struct bench *b, const struct mfd_combination *c, const char *name,
                         const char *about)
{
    double alone[ROUNDS], with[ROUNDS], lookup[ROUNDS], unused;
    struct mfd_engine_stats stats;
    mfd_engine_stats(b->engine, &stats);
    for (b->n = 1; b->n <= WINDOWS; b->n *= WINDOWS) {
        score(b, NULL);
        score_virtual(b, c, &unused);
        for (size_t i = 0; i < ROUNDS; i++) {
            double start = now();
            score(b, NULL);
            alone[i] = now() - start;
            with[i] = score_virtual(b, c, &lookup[i]);
        }
        double pass = median(alone), both = median(with);
        printf("{\"tracks\": %d, \"halves\": \"%s\", \"windows\": %zu, \"threads\": %u, "
               "\"passes_ms\": %.2f, \"with_tracks_ms\": %.2f, \"share\": %.3f, \"lookup_ms\": "
               "%.3f%s}\n",
               TRACKS, name, b->n, stats.threads, pass, both, both / pass - 1, median(lookup),
               about);
    }
}

static void run(struct bench *b, const char *name, bool different)
{
    static struct mfd_combination c[TRACKS];
    const struct mfd_virtual *v;
    char about[160];
    double start = now();
    for (size_t i = 0; i < TRACKS; i++) {
        json_t *json = different ? setting(b->model, i, i) : setting(b->model, i / 100, i % 100);
        if (mfd_virtual_code(b->model, json, MFD_NONE, &c[i], NULL, &b->err))
            die(&b->err);
        json_decref(json);
    }
    double coding = now() - start;
    start = now();
    if (mfd_virtual_weights(b->model, c, TRACKS, &v, NULL, &b->err))
        die(&b->err);
    double first = now() - start;
    snprintf(about, sizeof about,
             ", \"biological\": %zu, \"technical\": %zu, \"coding_ms\": %.1f, "
             "\"first_weights_ms\": %.1f",
             v->n_bio, v->n_tech, coding, first);
    time_and_say(b, c, name, about);
    mfd_virtual_unref(v);
    for (size_t i = 0; i < TRACKS; i++)
        mfd_combination_deinit(&c[i]);
}

int main(int argc, char **argv)
{
    struct bench b = { .err = MFD_ERROR_INIT };
    const struct mfd_engine_options options = { .threads = argc > 2 ? (unsigned)atoi(argv[2]) : 0 };
    if (argc < 2)
        return 2;
    if (mfd_model_open(&b.model, argv[1], &b.err) ||
        mfd_engine_new(&b.engine, b.model, &options, &b.err))
        die(&b.err);
    size_t n = mfd_config_window(mfd_model_config(b.model));
    char *bases = malloc(WINDOWS * n);
    b.features = malloc(WINDOWS * mfd_model_config(b.model)->embed * sizeof *b.features);
    b.logits = malloc((size_t)WINDOWS * TRACKS * sizeof *b.logits);
    unsigned seed = 1;
    for (size_t i = 0; i < WINDOWS * n; i++)
        bases[i] = "ACGT"[(seed = seed * 1664525u + 1013904223u) >> 30];
    for (size_t i = 0; i < WINDOWS; i++)
        b.windows[i] = (struct mfd_window){ bases + i * n, n };
    run(&b, "different", true);
    run(&b, "shared", false);
    mfd_engine_free(b.engine);
    mfd_model_unref(b.model);
    free(bases);
    free(b.features);
    free(b.logits);
    return 0;
}
