/* Metadata through the embedding networks, a block of rows at a time. */
#include <stdlib.h>
#include <string.h>

#include "core/base/memory.h"
#include "core/model/embedding_in.h"
#include "core/tensor/blas.h"

/* Work on up to `rows` rows; the unused ones are zero, so that products always have full height. */
struct scratch {
    size_t rows;
    float *a, *b;  /* (rows, widest), between the layers of one network */
    float *concat; /* (rows, interact_in) */
    float *column; /* (rows, widest), what a column contributes */
};

static void scratch_deinit(struct scratch *s)
{
    free(s->a);
    free(s->b);
    free(s->concat);
    free(s->column);
}

static float *zeros(size_t rows, size_t width)
{
    size_t n;
    float *p = mfd_mul(rows, width, &n) ? mfd_aligned(n, sizeof *p) : NULL;
    if (p)
        memset(p, 0, n * sizeof *p);
    return p;
}

static int scratch_init(struct scratch *s, const struct group *g, size_t rows,
                        struct mfd_error *err)
{
    s->rows = rows;
    s->a = zeros(s->rows, g->widest);
    s->b = zeros(s->rows, g->widest);
    s->concat = zeros(s->rows, g->interact_in);
    s->column = zeros(s->rows, g->widest);
    return s->a && s->b && s->concat && s->column ? MFD_OK : mfd_fail_nomem(err);
}

/* out (rows, l->out) = x (rows, l->in) w + bias, then ReLU where asked. */
static void apply(const struct linear *l, size_t rows, const float *restrict x, float *restrict out,
                  bool relu)
{
    for (size_t r = 0; r < rows; r++)
        memcpy(out + r * l->out, l->w + l->in * l->out, l->out * sizeof *out);
    mfd_blas_product(rows, l->out, l->in, x, l->in, l->w, l->out, out, l->out, 1, NULL);
    for (size_t i = 0; relu && i < rows * l->out; i++)
        out[i] = out[i] > 0 ? out[i] : 0;
}

/* n of the three layers of a network, with a ReLU behind each but the third; the result is in
 * `out`, which may be none of the two others. */
static void apply_all(const struct linear *layers, size_t n, struct scratch *s, const float *x,
                      float *out)
{
    for (size_t i = 0; i < n; i++) {
        float *to = i + 1 == n ? out : i % 2 ? s->b : s->a;
        apply(&layers[i], s->rows, x, to, i < 2);
        x = to;
    }
}

/* s->column (rows, width): what a column gives for rows inputs[0..n). */
static void run_column(const struct column *c, const float *const *inputs, size_t n,
                       struct scratch *s)
{
    size_t width = c->field->inputs;
    float *in = c->n_layers ? s->b : s->column; /* the first layer writes to a, never b */
    for (size_t r = 0; r < n; r++)
        memcpy(in + r * width, inputs[r] + c->offset, width * sizeof *in);
    for (size_t r = 0; c->n_factors && r < n; r++)
        for (size_t i = 0; i < width; i++)
            in[r * width + i] *= c->factors[c->n_factors == 1 ? 0 : i];
    if (c->n_layers == 1)
        apply(&c->layers[0], s->rows, in, s->column, false);
    else if (c->n_layers)
        apply_all(c->layers, c->n_layers, s, in, s->column);
}

static void place(const float *from, size_t width, float *to, size_t stride, size_t start, size_t n)
{
    for (size_t r = 0; r < n; r++)
        memcpy(to + r * stride + start, from + r * width, width * sizeof *to);
}

/* The direct columns, to the left of rows `stride` apart, and s->concat for the interaction. */
static void run_columns(const struct group *g, enum mfd_group which, const float *const *inputs,
                        size_t n, struct scratch *s, float *out, size_t stride)
{
    for (size_t i = 0; i < g->n; i++) {
        const struct column *c = &g->columns[i];
        const struct mfd_field_role *role = &c->field->role[which];
        const float *direct = s->column;
        run_column(c, inputs, n, s);
        if (role->interact)
            place(s->column, role->width, s->concat, g->interact_in, role->interact_start, n);
        if (c->mix.out) {
            apply(&c->mix, s->rows, s->column, s->a, false);
            direct = s->a;
        }
        if (role->direct)
            place(direct, role->width, out, stride, role->direct_start, n);
    }
}

static void run_weights(const struct group *g, enum mfd_group which, const float *const *inputs,
                        size_t n, struct scratch *s, float *out)
{
    run_columns(g, which, inputs, n, s, out, g->width);
    apply_all(g->interact, 3, s, s->concat, s->column);
    place(s->column, g->width - g->direct, out, g->width, g->direct, n);
}

static void run_factors(const struct group *g, enum mfd_group which, const float *const *inputs,
                        size_t n, struct scratch *s, float *out)
{
    const struct mfd_basis *b = &g->basis;
    size_t one = b->direct + b->hidden - 1;
    memset(out, 0, n * b->stride * sizeof *out);
    run_columns(g, which, inputs, n, s, out, b->stride);
    apply_all(g->interact, 2, s, s->concat, s->column);
    place(s->column, b->hidden - 1, out, b->stride, b->direct, n);
    for (size_t r = 0; r < n; r++)
        out[r * b->stride + one] = 1;
}

typedef void run_fn(const struct group *g, enum mfd_group which, const float *const *inputs,
                    size_t n, struct scratch *s, float *out);

static int run_all(const struct mfd_embedding *e, enum mfd_group group, run_fn *run, size_t stride,
                   const float *const *inputs, size_t n, float *out, struct mfd_error *err)
{
    const struct group *g = &e->group[group];
    struct scratch s = { 0 };
    int status = scratch_init(&s, g, e->rows, err);
    for (size_t at = 0; !status && at < n; at += s.rows) {
        size_t rows = n - at < s.rows ? n - at : s.rows;
        run(g, group, inputs + at, rows, &s, out + at * stride);
    }
    scratch_deinit(&s);
    return status;
}

int mfd_embedding_weights(const struct mfd_embedding *e, enum mfd_group group,
                          const float *const *inputs, size_t n, float *out, struct mfd_error *err)
{
    return run_all(e, group, run_weights, e->group[group].width, inputs, n, out, err);
}

int mfd_embedding_factors(const struct mfd_embedding *e, enum mfd_group group,
                          const float *const *inputs, size_t n, float *out, struct mfd_error *err)
{
    return run_all(e, group, run_factors, e->group[group].basis.stride, inputs, n, out, err);
}

int mfd_embedding_expand(const struct mfd_embedding *e, enum mfd_group group, const float *factors,
                         size_t n, float *out, struct mfd_error *err)
{
    const struct group *g = &e->group[group];
    const struct mfd_basis *b = &g->basis;
    struct scratch s = { 0 };
    int status = scratch_init(&s, g, e->rows, err);
    for (size_t at = 0; !status && at < n; at += s.rows) {
        size_t rows = n - at < s.rows ? n - at : s.rows;
        for (size_t r = 0; r < rows; r++) {
            const float *from = factors + (at + r) * b->stride;
            memcpy(out + (at + r) * g->width, from, b->direct * sizeof *out);
            memcpy(s.a + r * (b->hidden - 1), from + b->direct, (b->hidden - 1) * sizeof *s.a);
        }
        apply(&g->interact[2], s.rows, s.a, s.column, false);
        place(s.column, g->width - g->direct, out + at * g->width, g->width, g->direct, rows);
    }
    scratch_deinit(&s);
    return status;
}
