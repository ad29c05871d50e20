#include "core/model/embedding.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/cleanup.h"
#include "core/base/memory.h"
#include "core/model/embedding_in.h"
#include "core/model/trunk.h"
#include "core/tensor/blas.h"

/* Every product has the same height, whether its rows are needed or not, and one at which places
 * are alike: so a row gives the same bits in any company. */
#define TALLEST 64
#define ROW_UNIT 16 /* floats of the widest vector register */

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
    const float *w, *bias;
    size_t size;
    snprintf(name, sizeof name, "%s.weight", prefix);
    int status = mfd_tensor_require(b->weights, name, 2, (size_t[]){ out, in }, &w, b->err);
    if (status)
        return status;
    snprintf(name, sizeof name, "%s.bias", prefix);
    status = mfd_tensor_require(b->weights, name, 1, (size_t[]){ out }, &bias, b->err);
    if (status)
        return status;
    if (!mfd_mul(in + 1, out, &size) || !(l->w = mfd_aligned(size, sizeof *l->w)))
        return mfd_fail_nomem(b->err);
    for (size_t o = 0; o < out; o++)
        for (size_t i = 0; i < in; i++)
            l->w[i * out + o] = w[o * in + i];
    memcpy(l->w + in * out, bias, out * sizeof *bias);
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

/* Worth it only where rows become shorter. */
static void take_basis(struct group *group)
{
    const struct linear *last = &group->interact[2];
    struct mfd_basis b = { .width = group->width, .direct = group->direct, .hidden = last->in + 1 };
    b.stride = (b.direct + b.hidden + ROW_UNIT - 1) / ROW_UNIT * ROW_UNIT;
    if (b.stride >= b.width)
        return;
    b.w = last->w;
    group->basis = b;
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
    if (!status)
        take_basis(group);
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

const struct mfd_basis *mfd_embedding_basis(const struct mfd_embedding *e, enum mfd_group group)
{
    const struct mfd_basis *b = &e->group[group].basis;
    return b->w ? b : NULL;
}
