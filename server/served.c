#include "server/served.h"

#include <malloc.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/cleanup.h"
#include "core/base/log.h"
#include "core/base/memory.h"
#include "core/score/introspect.h"
#include "server/task.h"

struct mfd_served {
    atomic_uint refs;
    char *name, *version;
    struct mfd_model *model;
    struct mfd_engine *engine;
    double pace[MFD_TASK_KINDS];
    pthread_mutex_t lock;                    /* of what follows */
    struct mfd_introspection *introspection; /* NULL: nobody has asked yet */
};

static void destroy(struct mfd_served *served)
{
    mfd_introspection_free(served->introspection);
    mfd_engine_free(served->engine);
    mfd_model_unref(served->model);
    pthread_mutex_destroy(&served->lock);
    free(served->name);
    free(served->version);
    free(served);
}

struct mfd_served *mfd_served_ref(struct mfd_served *served)
{
    atomic_fetch_add_explicit(&served->refs, 1, memory_order_relaxed);
    return served;
}

void mfd_served_unref(struct mfd_served *served)
{
    if (!served || atomic_fetch_sub_explicit(&served->refs, 1, memory_order_acq_rel) > 1)
        return;
    mfd_log(MFD_LOG_DEBUG, "model %s@%s: memory returned", served->name, served->version);
    destroy(served);
    malloc_trim(0); /* packed weights are large: give them back to the system now */
}

/* One window through the network: pages of the bundle come in, threads start, and the pace is
 * known. */
static int warm_up(struct mfd_served *served, struct mfd_error *err)
{
    const struct mfd_config *config = mfd_model_config(served->model);
    const struct mfd_head *head = mfd_model_head(served->model);
    size_t n = mfd_config_window(config), total;
    if (!mfd_mul(head->tracks, 1, &total))
        return mfd_fail_nomem(err);
    MFD_AUTO_FREE char *bases = mfd_calloc(n, 1);
    MFD_AUTO_FREE float *logits = mfd_calloc(total, sizeof *logits);
    if (!bases || !logits)
        return mfd_fail_nomem(err);
    for (size_t i = 0; i < n; i++)
        bases[i] = "ACGT"[(i * 7 + i / 5) & 3];
    struct mfd_window window = { bases, n };
    struct mfd_outputs out = { .logits = logits };
    return mfd_score_sequences(served->engine, head, &window, 1, MFD_ENSEMBLE_NONE, &out, NULL,
                               err);
}

int mfd_served_open(struct mfd_served **out, const char *name, const char *version,
                    const char *path, const struct mfd_engine_options *options, bool warm,
                    struct mfd_error *err)
{
    struct mfd_served *served = mfd_calloc(1, sizeof *served);
    if (!served)
        return mfd_fail_nomem(err);
    atomic_init(&served->refs, 1);
    if (pthread_mutex_init(&served->lock, NULL)) {
        free(served);
        return mfd_fail_nomem(err);
    }
    int status = mfd_model_open(&served->model, path, err);
    if (status == MFD_OK) {
        served->name = mfd_strdup(name);
        served->version =
            version ? mfd_strdup(version) : mfd_strndup(mfd_model_digest(served->model), 12);
        if (!served->name || !served->version)
            status = mfd_fail_nomem(err);
    }
    if (status == MFD_OK)
        status = mfd_engine_new(&served->engine, served->model, options, err);
    if (status == MFD_OK && warm)
        status = warm_up(served, err);
    if (status < 0) {
        destroy(served);
        return status;
    }
    *out = served;
    return MFD_OK;
}

const char *mfd_served_name(const struct mfd_served *served)
{
    return served->name;
}

const char *mfd_served_version(const struct mfd_served *served)
{
    return served->version;
}

const char *mfd_served_digest(const struct mfd_served *served)
{
    return mfd_model_digest(served->model);
}

struct mfd_model *mfd_served_model(const struct mfd_served *served)
{
    return served->model;
}

struct mfd_engine *mfd_served_engine(const struct mfd_served *served)
{
    return served->engine;
}

double *mfd_served_pace(struct mfd_served *served)
{
    return served->pace;
}

int mfd_served_introspection(struct mfd_served *served, const struct mfd_introspection **out,
                             struct mfd_error *err)
{
    int status = MFD_OK;
    pthread_mutex_lock(&served->lock);
    if (!served->introspection)
        status = mfd_introspection_new(&served->introspection, served->model, err);
    if (status == MFD_OK)
        *out = served->introspection;
    pthread_mutex_unlock(&served->lock);
    return status;
}
