#include "core/engine/engine.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/base/clock.h"
#include "core/base/memory.h"
#include "core/engine/batch_in.h"
#include "core/engine/run.h"

#define DEFAULT_SCRATCH ((size_t)128 << 20)
#define PROJECT_TRACKS 96 /* tracks an item of a projection: whole blocks of any set's dots */

/* Multiply-adds of a row of a level. */
struct row_cost {
    double direct, done; /* the convolution, directly and as computed */
    double point;        /* the width-1 convolution behind it */
};

struct mfd_engine {
    struct mfd_model *model; /* NULL where bare */
    struct mfd_config config;
    struct row_cost cost[MFD_ENGINE_LEVELS];
    struct mfd_geometry geometry;
    struct mfd_packed packed;
    const struct mfd_kernels *kernels;
    struct mfd_pool *pool;
    struct mfd_run_state *state;
    size_t scratch_bytes;
    pthread_mutex_t lock;       /* one run at a time */
    pthread_mutex_t stats_lock; /* held for an instant: who asks does not wait for a run */
    struct mfd_engine_stats stats;
};

static unsigned default_threads(void)
{
    long n = sysconf(_SC_NPROCESSORS_ONLN);
    return n < 1 ? 1 : n > 64 ? 64 : (unsigned)n;
}

/* The stem's own convolution is row additions. */
static void count_rows(struct mfd_engine *e, const struct mfd_trunk *t)
{
    for (size_t i = 0; i < e->geometry.n; i++) {
        const struct mfd_level *l = &e->geometry.level[i];
        const struct mfd_block *first = &t->pointwise, *second = NULL;
        if (l->kind == MFD_LEVEL_TOWER) {
            first = &t->tower[l->index].conv;
            second = &t->tower[l->index].point;
        } else if (l->kind == MFD_LEVEL_DILATED) {
            first = &t->dilated[l->index].conv;
            second = &t->dilated[l->index].point;
        } else if (l->kind == MFD_LEVEL_STEM) {
            first = &t->stem_point;
        }
        double area = (double)first->conv.in * (double)first->conv.out;
        double point = second ? (double)second->conv.in * (double)second->conv.out : 0;
        e->cost[i] = l->kind == MFD_LEVEL_STEM
                         ? (struct row_cost){ .point = area }
                         : (struct row_cost){ (double)l->taps * area,
                                              (double)l->points / (double)l->tile * area, point };
    }
}

static int start(struct mfd_engine *e, const struct mfd_trunk *trunk,
                 const struct mfd_engine_options *options, struct mfd_error *err)
{
    struct mfd_products products;
    int status = mfd_kernels_check(e->kernels, err);
    if (!status)
        status = mfd_products_init(&products, e->kernels, options->openblas, err);
    if (!status)
        status = mfd_geometry_init(&e->geometry, &e->config, err);
    if (!status)
        status = mfd_pool_new(&e->pool, options->threads ? options->threads : default_threads(),
                              options->nice, err);
    if (!status)
        status =
            mfd_packed_init(&e->packed, &e->geometry, &e->config, trunk, &products, e->pool, err);
    if (!status)
        status = mfd_run_state_new(&e->state, &e->geometry, &e->packed, e->kernels, e->pool, err);
    if (!status)
        count_rows(e, trunk);
    return status;
}

int mfd_engine_new_bare(struct mfd_engine **out, const struct mfd_config *config,
                        const struct mfd_trunk *trunk, const struct mfd_engine_options *options,
                        struct mfd_error *err)
{
    static const struct mfd_engine_options defaults = MFD_ENGINE_OPTIONS_INIT;
    options = options ? options : &defaults;
    const struct mfd_kernels *kernels = mfd_kernels_choose(options->kernels);
    if (!kernels)
        return mfd_fail(err, MFD_EUNSUPPORTED, "there are no '%s' kernels for this processor",
                        options->kernels);
    struct mfd_engine *e = mfd_calloc(1, sizeof *e);
    if (!e)
        return mfd_fail_nomem(err);
    pthread_mutex_init(&e->lock, NULL);
    pthread_mutex_init(&e->stats_lock, NULL);
    e->config = *config;
    e->kernels = kernels;
    e->scratch_bytes = options->scratch_bytes ? options->scratch_bytes : DEFAULT_SCRATCH;
    int status = start(e, trunk, options, err);
    if (status) {
        mfd_engine_free(e);
        return status;
    }
    *out = e;
    return MFD_OK;
}

int mfd_engine_new(struct mfd_engine **out, struct mfd_model *model,
                   const struct mfd_engine_options *options, struct mfd_error *err)
{
    struct mfd_engine *e = NULL;
    int status =
        mfd_engine_new_bare(&e, mfd_model_config(model), mfd_model_trunk(model), options, err);
    if (status)
        return status;
    e->model = mfd_model_ref(model);
    *out = e;
    return MFD_OK;
}

void mfd_engine_free(struct mfd_engine *e)
{
    if (!e)
        return;
    mfd_run_state_free(e->state);
    mfd_packed_deinit(&e->packed);
    mfd_pool_free(e->pool);
    if (e->model)
        mfd_model_unref(e->model);
    pthread_mutex_destroy(&e->lock);
    pthread_mutex_destroy(&e->stats_lock);
    free(e);
}

struct mfd_model *mfd_engine_model(const struct mfd_engine *e)
{
    return e->model;
}

const struct mfd_config *mfd_engine_config(const struct mfd_engine *e)
{
    return &e->config;
}

const char *mfd_engine_kernels(const struct mfd_engine *e)
{
    return e->kernels->name;
}

void mfd_engine_margin(const struct mfd_engine *e, int64_t *left, int64_t *right)
{
    *left = e->geometry.margin_left;
    *right = e->geometry.margin_right;
}

/* Run windows [first, last), in halves where their rows would not fit. A part's answer does not
 * depend on the rest, so where the cut falls does not matter. */
static int run_part(struct mfd_engine *e, const struct mfd_batch *batch, size_t first, size_t last,
                    float *features, const volatile int *cancel, struct mfd_error *err)
{
    struct mfd_plan *plan;
    int status = mfd_plan_new(&plan, &e->geometry, batch, first, last, err);
    if (status)
        return status;
    if (mfd_run_bytes(e->state, plan) > e->scratch_bytes && last - first > 1) {
        size_t middle = first + (last - first) / 2;
        mfd_plan_free(plan);
        status = run_part(e, batch, first, middle, features, cancel, err);
        if (status)
            return status;
        return run_part(e, batch, middle, last, features + (middle - first) * e->packed.embed,
                        cancel, err);
    }
    status = mfd_run_plan(e->state, plan, features, cancel, err);
    mfd_plan_free(plan);
    return status;
}

/* The batch to plan from: itself, or its windows cut out where the network's cone reaches the
 * padding. */
static int usable_batch(struct mfd_engine *e, struct mfd_batch *batch, struct mfd_batch **use,
                        struct mfd_error *err)
{
    if (!e->geometry.padded && !batch->whole) {
        *use = batch;
        return MFD_OK;
    }
    return mfd_batch_whole(use, batch, err);
}

/* Add to the counters; the caller holds the run lock. */
static void note(struct mfd_engine *e, size_t runs, size_t windows, double seconds)
{
    pthread_mutex_lock(&e->stats_lock);
    e->stats.runs += runs;
    e->stats.windows += windows;
    e->stats.seconds += seconds;
    e->stats.product_seconds = mfd_run_product_seconds(e->state);
    e->stats.scratch_bytes = mfd_run_scratch_bytes(e->state);
    pthread_mutex_unlock(&e->stats_lock);
}

int mfd_engine_run(struct mfd_engine *e, struct mfd_batch *batch, float *features,
                   const volatile int *cancel, struct mfd_error *err)
{
    struct mfd_batch *use;
    if (batch->n_windows == 0)
        return MFD_OK;
    int status = usable_batch(e, batch, &use, err);
    if (status)
        return status;
    pthread_mutex_lock(&e->lock);
    double before = mfd_seconds();
    status = run_part(e, use, 0, use->n_windows, features, cancel, err);
    note(e, 1, status == MFD_OK ? use->n_windows : 0, mfd_seconds() - before);
    pthread_mutex_unlock(&e->lock);
    if (use != batch)
        mfd_batch_free(use);
    return status;
}

struct projection {
    const struct mfd_kernels *kernels;
    const float *x, *w;
    float *out;
    size_t rows, width, x_stride, tracks;
};

static void project_item(void *context, size_t item, unsigned worker)
{
    const struct projection *p = context;
    size_t first = item * PROJECT_TRACKS;
    size_t n = p->tracks - first < PROJECT_TRACKS ? p->tracks - first : PROJECT_TRACKS;
    (void)worker;
    p->kernels->dots(p->out + first, p->tracks, p->x, p->x_stride, p->rows, p->w + first * p->width,
                     p->width, n, p->width);
}

int mfd_engine_project(struct mfd_engine *e, const float *x, size_t rows, size_t width,
                       size_t x_stride, const float *w, size_t tracks, float *out,
                       struct mfd_error *err)
{
    if (x_stride < width)
        return mfd_fail(err, MFD_EINVAL, "rows of %zu numbers %zu apart overlap", width, x_stride);
    struct projection p = { e->kernels, x, w, out, rows, width, x_stride, tracks };
    pthread_mutex_lock(&e->lock);
    double before = mfd_seconds();
    mfd_pool_run(e->pool, project_item, &p, (tracks + PROJECT_TRACKS - 1) / PROJECT_TRACKS);
    note(e, 0, 0, mfd_seconds() - before);
    pthread_mutex_unlock(&e->lock);
    return MFD_OK;
}

void mfd_engine_sigmoid(const struct mfd_engine *e, float *x, size_t n)
{
    e->kernels->sigmoid(x, n);
}

void mfd_engine_stats(const struct mfd_engine *engine, struct mfd_engine_stats *stats)
{
    struct mfd_engine *e = (struct mfd_engine *)(uintptr_t)engine; /* for its lock */
    pthread_mutex_lock(&e->stats_lock);
    *stats = e->stats;
    pthread_mutex_unlock(&e->stats_lock);
    stats->packed_bytes = e->packed.bytes;
    stats->threads = mfd_pool_threads(e->pool);
}

/* Rows a level that a batch needs by this geometry, and with what whole tiles add (may be NULL). */
static int count_plan(const struct mfd_geometry *g, const struct mfd_batch *batch, uint64_t *rows,
                      uint64_t *convolved, struct mfd_error *err)
{
    struct mfd_plan *plan;
    int status = mfd_plan_new(&plan, g, batch, 0, batch->n_windows, err);
    if (status)
        return status;
    for (size_t i = 0; i < g->n; i++) {
        rows[i] = plan->level[i].rows;
        if (convolved)
            convolved[i] = plan->level[i].tiles * g->level[i].tile;
    }
    mfd_plan_free(plan);
    return MFD_OK;
}

/* Multiply-adds of one window as a framework computes it: every row of every level. */
static double whole_window(const struct mfd_engine *e)
{
    double sum = 0;
    for (size_t i = 0; i < e->geometry.n; i++) {
        bool output = e->geometry.level[i].kind == MFD_LEVEL_OUTPUT;
        int64_t rows = mfd_geometry_rows(&e->geometry, i, (int64_t)e->geometry.seq_len);
        sum += (e->cost[i].direct + e->cost[i].point) * (output ? 1 : (double)rows);
    }
    return sum;
}

int mfd_engine_cost(struct mfd_engine *e, struct mfd_batch *batch, struct mfd_cost *cost,
                    struct mfd_error *err)
{
    struct mfd_cost c = { .levels = e->geometry.n };
    uint64_t kept[MFD_ENGINE_LEVELS] = { 0 };
    struct mfd_geometry direct;
    struct mfd_batch *use;
    int status = usable_batch(e, batch, &use, err);
    if (status)
        return status;
    mfd_geometry_direct(&direct, &e->geometry);
    if (use->n_windows) {
        status = count_plan(&direct, use, c.rows, NULL, err);
        if (status == MFD_OK)
            status = count_plan(&e->geometry, use, kept, c.rows_done, err);
    }
    if (use != batch)
        mfd_batch_free(use);
    if (status)
        return status;
    for (size_t i = 0; i < e->geometry.n; i++) {
        const struct row_cost *x = &e->cost[i];
        c.gmac += 1e-9 * (x->direct + x->point) * (double)c.rows[i];
        c.gmac_done += 1e-9 * (x->done * (double)c.rows_done[i] + x->point * (double)kept[i]);
    }
    c.passes = 1e9 * c.gmac / whole_window(e);
    *cost = c;
    return MFD_OK;
}
