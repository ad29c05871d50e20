#include "core/model/embedding.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/cleanup.h"
#include "core/base/memory.h"
#include "core/model/trunk.h"
#include "core/tensor/blas.h"

/* Every product has the same height, whether its rows are needed or not, and one at which places
 * are alike: so a row gives the same bits in any company. */
#define TALLEST 64

struct linear {
    size_t in, out;
    float *w;          /* (in, out): the transpose of PyTorch's, owned */
    const float *bias; /* (out) */
};

/* A column in a group: scaled (one factor or one a label), or through up to three linear layers
 * with ReLU between, or as it is; then, where it is direct and mixed, one more layer for that use
 * only. */
struct column {
    const struct mfd_field *field;
    size_t offset; /* of its inputs in a row */
    const float *factors;
    size_t n_factors;
    struct linear layers[3];
    size_t n_layers;
    struct linear mix; /* out == 0: none */
};

struct group {
    struct column *columns;
    size_t n;
    struct linear interact[3];
    size_t direct, width; /* features of the direct columns; E_g */
    size_t interact_in;
    size_t widest; /* numbers a row that any intermediate result needs */
};

struct mfd_embedding {
    const struct mfd_metadata *md;
    size_t rows; /* height of all products */
    size_t inputs;
    size_t *offsets; /* (fields) */
    struct group group[MFD_GROUPS];
};

MFD_DEFINE_CLEANUP(struct mfd_embedding, mfd_embedding_free);

void mfd_embedding_free(struct mfd_embedding *e)
{
    if (!e)
        return;
    for (size_t g = 0; g < MFD_GROUPS; g++) {
        struct group *group = &e->group[g];
        for (size_t i = 0; i < group->n; i++) {
            for (size_t l = 0; l < 3; l++)
                free(group->columns[i].layers[l].w);
            free(group->columns[i].mix.w);
        }
        for (size_t l = 0; l < 3; l++)
            free(group->interact[l].w);
        free(group->columns);
    }
    free(e->offsets);
    free(e);
}

/* ---- binding ---- */

struct binder {
    struct mfd_embedding *e;
    const struct mfd_config *config;
    const struct mfd_safetensors *weights;
    struct mfd_error *err;
};

static int bind_linear(const struct binder *b, struct linear *l, const char *prefix, size_t in,
                       size_t out)
{
    char name[2 * MFD_MAX_NAME + 96];
    const float *w;
    size_t size;
    snprintf(name, sizeof name, "%s.weight", prefix);
    int status = mfd_tensor_require(b->weights, name, 2, (size_t[]){ out, in }, &w, b->err);
    if (status)
        return status;
    snprintf(name, sizeof name, "%s.bias", prefix);
    status = mfd_tensor_require(b->weights, name, 1, (size_t[]){ out }, &l->bias, b->err);
    if (status)
        return status;
    if (!mfd_mul(in, out, &size) || !(l->w = mfd_aligned(size, sizeof *l->w)))
        return mfd_fail_nomem(b->err);
    for (size_t o = 0; o < out; o++)
        for (size_t i = 0; i < in; i++)
            l->w[i * out + o] = w[o * in + i];
    l->in = in;
    l->out = out;
    return MFD_OK;
}

/* The three layers of a perceptron in -> hidden -> hidden -> out, at indices 0, 2 and 4. */
static int bind_three(const struct binder *b, struct linear *layers, const char *prefix, size_t in,
                      size_t hidden, size_t out)
{
    const size_t widths[] = { in, hidden, hidden, out };
    for (size_t i = 0; i < 3; i++) {
        char name[2 * MFD_MAX_NAME + 64];
        snprintf(name, sizeof name, "%s.%zu", prefix, 2 * i);
        int status = bind_linear(b, &layers[i], name, widths[i], widths[i + 1]);
        if (status)
            return status;
    }
    return MFD_OK;
}

static int bind_column(const struct binder *b, struct column *c, enum mfd_group g)
{
    const struct mfd_field *f = c->field;
    const struct mfd_field_role *role = &f->role[g];
    char prefix[MFD_MAX_NAME + 96], name[MFD_MAX_NAME + 128];
    size_t n = f->inputs, m = role->width;
    int status = MFD_OK;
    snprintf(prefix, sizeof prefix,
             "metadata_embedding.embedding_%s.column_embeddings.%s.embedding", mfd_group_name(g),
             f->name);
    switch (f->intermediate) {
    case MFD_UNCHANGED:
        break;
    case MFD_EMBED:
        c->n_layers = 3;
        status = bind_three(b, c->layers, prefix, n, 2 * m, m);
        break;
    case MFD_LINEAR:
        c->n_layers = 1;
        status = bind_linear(b, &c->layers[0], prefix, n, m);
        break;
    case MFD_RESCALE:
    case MFD_RESCALE_INDEP:
        c->n_factors = f->intermediate == MFD_RESCALE ? 1 : n;
        snprintf(name, sizeof name, "%s.weights", prefix);
        status = mfd_tensor_require(b->weights, name, 1, (size_t[]){ c->n_factors }, &c->factors,
                                    b->err);
    }
    if (status || !b->config->mixes_direct || !role->direct)
        return status;
    snprintf(name, sizeof name, "metadata_embedding.embedding_%s.mappings_direct.%s",
             mfd_group_name(g), f->name);
    return bind_linear(b, &c->mix, name, m, m);
}

static size_t larger(size_t a, size_t b)
{
    return a > b ? a : b;
}

static size_t widest_of(const struct group *g)
{
    size_t n = larger(g->interact_in, 0);
    for (size_t i = 0; i < 3; i++)
        n = larger(n, g->interact[i].out);
    for (size_t c = 0; c < g->n; c++) {
        n = larger(n, g->columns[c].field->inputs);
        for (size_t i = 0; i < g->columns[c].n_layers; i++)
            n = larger(n, g->columns[c].layers[i].out);
    }
    return n;
}

static int bind_interact(const struct binder *b, struct group *group, enum mfd_group g)
{
    const struct mfd_mapping *m = mfd_metadata_mapping(b->e->md);
    char prefix[96];
    size_t hidden = 2 * m->group[g].out_dim;
    if (group->direct >= group->width)
        return mfd_fail(
            b->err, MFD_EFORMAT,
            "the direct columns of the %s group take %zu features; the subspace has %zu and "
            "some must be left for the interaction",
            mfd_group_name(g), group->direct, group->width);
    snprintf(prefix, sizeof prefix, "metadata_embedding.embedding_%s.mapping_interact",
             mfd_group_name(g));
    return bind_three(b, group->interact, prefix, group->interact_in, hidden,
                      group->width - group->direct);
}

static int bind_group(const struct binder *b, enum mfd_group g)
{
    struct group *group = &b->e->group[g];
    size_t fields = mfd_fields_count(b->e->md);
    group->width = g == MFD_BIOLOGICAL ? b->config->biological : b->config->technical;
    group->columns = mfd_calloc(fields, sizeof *group->columns);
    if (!group->columns)
        return mfd_fail_nomem(b->err);
    for (size_t i = 0; i < fields; i++) {
        const struct mfd_field *f = mfd_fields_at(b->e->md, i);
        const struct mfd_field_role *role = &f->role[g];
        if (!role->direct && !role->interact)
            continue;
        struct column *c = &group->columns[group->n++];
        c->field = f;
        c->offset = b->e->offsets[i];
        group->direct += role->direct ? role->width : 0;
        group->interact_in += role->interact ? role->width : 0;
        int status = bind_column(b, c, g);
        if (status)
            return status;
    }
    int status = bind_interact(b, group, g);
    group->widest = widest_of(group);
    return status;
}

static void lower_height(size_t *rows, const struct linear *layers, size_t n)
{
    for (size_t i = 0; i < n && *rows; i++)
        if (layers[i].out)
            *rows = mfd_blas_even_height(layers[i].out, layers[i].in, *rows);
}

/* The largest height that treats rows alike in every layer. */
static int find_height(struct mfd_embedding *e, struct mfd_error *err)
{
    size_t before = 0;
    for (e->rows = TALLEST; e->rows != before && e->rows;) {
        before = e->rows; /* until all layers agree */
        for (size_t g = 0; g < MFD_GROUPS; g++) {
            lower_height(&e->rows, e->group[g].interact, 3);
            for (size_t c = 0; c < e->group[g].n; c++) {
                lower_height(&e->rows, e->group[g].columns[c].layers, 3);
                lower_height(&e->rows, &e->group[g].columns[c].mix, 1);
            }
        }
    }
    if (e->rows)
        return MFD_OK;
    return mfd_fail(
        err, MFD_EUNSUPPORTED,
        "the BLAS library (%s) gives a row other bits at other places, whatever the height",
        mfd_blas_name());
}

int mfd_embedding_bind(struct mfd_embedding **out, const struct mfd_metadata *md,
                       const struct mfd_config *config, const struct mfd_safetensors *weights,
                       struct mfd_error *err)
{
    MFD_CLEANUP(mfd_embedding_free_p) struct mfd_embedding *e = mfd_calloc(1, sizeof *e);
    size_t fields = mfd_fields_count(md);
    if (!e || !(e->offsets = mfd_calloc(fields, sizeof *e->offsets)))
        return mfd_fail_nomem(err);
    e->md = md;
    for (size_t i = 0; i < fields; i++) {
        e->offsets[i] = e->inputs;
        e->inputs += mfd_fields_at(md, i)->inputs;
    }
    const struct binder b = { e, config, weights, err };
    int status = mfd_blas_init(err);
    for (size_t g = 0; !status && g < MFD_GROUPS; g++)
        status = bind_group(&b, (enum mfd_group)g);
    if (!status)
        status = find_height(e, err);
    if (!status)
        *out = mfd_steal(e);
    return status;
}

size_t mfd_embedding_inputs(const struct mfd_embedding *e)
{
    return e->inputs;
}

size_t mfd_embedding_offset(const struct mfd_embedding *e, size_t field)
{
    return e->offsets[field];
}

static size_t cost_of(const struct linear *l)
{
    return l->in * l->out;
}

size_t mfd_embedding_cost(const struct mfd_embedding *e, enum mfd_group group)
{
    const struct group *g = &e->group[group];
    size_t n = 0;
    for (size_t i = 0; i < 3; i++)
        n += cost_of(&g->interact[i]);
    for (size_t c = 0; c < g->n; c++) {
        n += cost_of(&g->columns[c].mix);
        for (size_t i = 0; i < g->columns[c].n_layers; i++)
            n += cost_of(&g->columns[c].layers[i]);
    }
    return n;
}

/* ---- running ---- */

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
        memcpy(out + r * l->out, l->bias, l->out * sizeof *out);
    mfd_blas_product(rows, l->out, l->in, x, l->in, l->w, l->out, out, l->out, 1, NULL);
    for (size_t i = 0; relu && i < rows * l->out; i++)
        out[i] = out[i] > 0 ? out[i] : 0;
}

/* n layers with ReLU between; the result is in `out`, which may be none of the two others. */
static void apply_all(const struct linear *layers, size_t n, struct scratch *s, const float *x,
                      float *out)
{
    for (size_t i = 0; i < n; i++) {
        float *to = i + 1 == n ? out : i % 2 ? s->b : s->a;
        apply(&layers[i], s->rows, x, to, i + 1 < n);
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

static void run_block(const struct group *g, enum mfd_group which, const float *const *inputs,
                      size_t n, struct scratch *s, float *out)
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
            place(direct, role->width, out, g->width, role->direct_start, n);
    }
    apply_all(g->interact, 3, s, s->concat, s->column);
    place(s->column, g->width - g->direct, out, g->width, g->direct, n);
}

int mfd_embedding_weights(const struct mfd_embedding *e, enum mfd_group group,
                          const float *const *inputs, size_t n, float *out, struct mfd_error *err)
{
    const struct group *g = &e->group[group];
    struct scratch s = { 0 };
    int status = scratch_init(&s, g, e->rows, err);
    for (size_t at = 0; !status && at < n; at += s.rows) {
        size_t rows = n - at < s.rows ? n - at : s.rows;
        run_block(g, group, inputs + at, rows, &s, out + at * g->width);
    }
    scratch_deinit(&s);
    return status;
}
