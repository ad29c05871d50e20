#include "core/score/project.h"

#include <string.h>

#include "core/base/cleanup.h"
#include "core/base/memory.h"
#include "core/model/embedding.h"

/* One group of a head. */
struct part {
    size_t width;
    const float *w;
    size_t n; /* rows of w */
    const uint32_t *row;
    const struct mfd_basis *basis;
};

static float *floats(size_t rows, size_t width)
{
    size_t n;
    return mfd_mul(rows, width, &n) ? mfd_aligned(n, sizeof(float)) : NULL;
}

/* out (rows, basis->stride): the features as the basis' rows take them. */
static int to_basis(struct mfd_engine *engine, const struct mfd_basis *b, const float *features,
                    size_t rows, size_t stride, float *out, struct mfd_error *err)
{
    MFD_AUTO_FREE float *hidden = floats(rows, b->hidden);
    if (!hidden)
        return mfd_fail_nomem(err);
    int status = mfd_engine_project(engine, features + b->direct, rows, b->width - b->direct,
                                    stride, b->w, b->hidden, hidden, err);
    memset(out, 0, rows * b->stride * sizeof *out);
    for (size_t r = 0; !status && r < rows; r++) {
        float *to = out + r * b->stride;
        memcpy(to, features + r * stride, b->direct * sizeof *to);
        memcpy(to + b->direct, hidden + r * b->hidden, b->hidden * sizeof *to);
    }
    return status;
}

/* out (rows, tracks): each distinct row of weights once, then handed to the tracks that share it.
 */
static int project_shared(struct mfd_engine *engine, const struct part *p, const float *features,
                          size_t rows, size_t stride, size_t tracks, float *out,
                          struct mfd_error *err)
{
    size_t width = p->basis ? p->basis->stride : p->width;
    MFD_AUTO_FREE float *logits = floats(rows, p->n);
    MFD_AUTO_FREE float *turned = p->basis ? floats(rows, width) : NULL;
    int status = MFD_OK;
    if (!logits || (p->basis && !turned))
        return mfd_fail_nomem(err);
    if (p->basis) {
        status = to_basis(engine, p->basis, features, rows, stride, turned, err);
        features = turned;
        stride = width;
    }
    if (!status)
        status = mfd_engine_project(engine, features, rows, width, stride, p->w, p->n, logits, err);
    for (size_t r = 0; !status && r < rows; r++)
        for (size_t t = 0; t < tracks; t++)
            out[r * tracks + t] = logits[r * p->n + p->row[t]];
    return status;
}

static int project_part(struct mfd_engine *engine, const struct part *p, const float *features,
                        size_t rows, size_t stride, size_t tracks, float *out,
                        struct mfd_error *err)
{
    return p->row ? project_shared(engine, p, features, rows, stride, tracks, out, err)
                  : mfd_engine_project(engine, features, rows, p->width, stride, p->w, tracks, out,
                                       err);
}

int mfd_project(struct mfd_engine *engine, const struct mfd_head *h, const float *features,
                size_t rows, float *bio, float *tech, struct mfd_error *err)
{
    const struct part technical = { h->technical, h->w_tech, h->tech_rows, h->tech_row,
                                    h->tech_basis };
    const struct part biological = { h->biological, h->w_bio, h->bio_rows, h->bio_row,
                                     h->bio_basis };
    if (h->w_all) {
        memset(tech, 0, rows * h->tracks * sizeof *tech);
        return mfd_engine_project(engine, features, rows, h->embed, h->embed, h->w_all, h->tracks,
                                  bio, err);
    }
    int status = project_part(engine, &technical, features, rows, h->embed, h->tracks, tech, err);
    return status ? status
                  : project_part(engine, &biological, features + h->technical, rows, h->embed,
                                 h->tracks, bio, err);
}

void mfd_project_sum(const struct mfd_head *h, size_t rows, const float *bio, const float *tech,
                     float *logits)
{
    for (size_t r = 0; r < rows; r++)
        for (size_t t = 0; t < h->tracks; t++)
            logits[r * h->tracks + t] =
                bio[r * h->tracks + t] + tech[r * h->tracks + t] + h->bias[t];
}
