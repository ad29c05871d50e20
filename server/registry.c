#include "server/registry_in.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/memory.h"
#include "proto/text.h"
#include "server/served.h"
#include "server/upload.h"

int mfd_registry_new(struct mfd_registry **out, struct mfd_store *store,
                     const struct mfd_registry_options *options, struct mfd_error *err)
{
    struct mfd_registry *r = mfd_calloc(1, sizeof *r);
    if (!r)
        return mfd_fail_nomem(err);
    r->starting = true;
    r->store = store;
    r->engine = (struct mfd_engine_options){ .threads = options->threads,
                                             .scratch_bytes = options->scratch_bytes,
                                             .nice = options->nice };
    r->warm_up = options->warm_up;
    r->model_dir = mfd_strdup(options->model_dir);
    r->default_model = mfd_strdup(options->default_model);
    r->default_genome = mfd_strdup(options->default_genome);
    pthread_mutex_init(&r->admin, NULL);
    pthread_mutex_init(&r->lock, NULL);
    if (!r->model_dir || !r->default_model || !r->default_genome) {
        mfd_registry_free(r);
        return mfd_fail_nomem(err);
    }
    *out = r;
    return MFD_OK;
}

void mfd_entry_free(struct mfd_entry *e)
{
    if (!e)
        return;
    mfd_served_unref(e->served);
    mfd_store_model_deinit(&e->row);
    free(e);
}

void mfd_registry_free(struct mfd_registry *r)
{
    if (!r)
        return;
    for (size_t i = 0; i < r->n; i++)
        mfd_entry_free(r->entries[i]);
    for (size_t i = 0; i < r->n_genomes; i++) {
        mfd_genome_unref(r->genomes[i].genome);
        free(r->genomes[i].name);
    }
    pthread_mutex_destroy(&r->admin);
    pthread_mutex_destroy(&r->lock);
    mfd_registry_free_failed(r);
    free(r->entries);
    free(r->model_dir);
    free(r->default_model);
    free(r->default_genome);
    free(r);
}

bool mfd_registry_good_name(const char *name, bool version)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
    static const char all[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";
    size_t n = strspn(name, all);
    if (n == 0 || n > 64 || !strchr(letters, name[0]))
        return false;
    if (name[n] == '@' && version)
        return mfd_registry_good_name(name + n + 1, false);
    return name[n] == '\0';
}

bool mfd_registry_means(const char *name, const char *model, const char *version)
{
    size_t n = strcspn(name, "@");
    if (strlen(model) != n || memcmp(model, name, n) != 0)
        return false;
    return name[n] == '\0' || strcmp(name + n + 1, version) == 0;
}

/* --- looking up: under lock --- */

/* A bare name means the newest version that serves, else the newest. */
struct mfd_entry *mfd_registry_look(const struct mfd_registry *r, const char *name)
{
    struct mfd_entry *found = NULL;
    for (size_t i = 0; i < r->n; i++) {
        struct mfd_entry *e = r->entries[i];
        if (mfd_registry_means(name, e->row.name, e->row.version) &&
            (!found || e->served || !found->served))
            found = e;
    }
    return found;
}

/* The model of requests that name none: chosen, else configured, else the first that serves. Where
 * the configured one has failed, none: another would answer in its place. */
static struct mfd_entry *find_default(const struct mfd_registry *r,
                                      const struct mfd_failed_model **failed)
{
    struct mfd_entry *found = NULL;
    *failed = NULL;
    for (size_t i = 0; i < r->n && !found; i++)
        if (r->entries[i]->row.is_default)
            found = r->entries[i];
    if (!found && r->default_model[0])
        found = mfd_registry_look(r, r->default_model);
    if (!found && r->default_model[0] && (*failed = mfd_registry_failed(r, r->default_model)))
        return NULL;
    for (size_t i = 0; i < r->n && !found; i++)
        if (r->entries[i]->served)
            found = r->entries[i];
    return found ? found : r->n ? r->entries[0] : NULL;
}

int mfd_registry_fail_model(const struct mfd_registry *r, const char *name, struct mfd_error *err)
{
    char list[256] = "", one[160];
    const struct mfd_failed_model *failed = name ? mfd_registry_failed(r, name) : NULL;
    if (failed)
        return mfd_registry_fail_failed(failed, err);
    for (size_t i = 0; i < r->n; i++) {
        snprintf(one, sizeof one, "%s@%s", r->entries[i]->row.name, r->entries[i]->row.version);
        mfd_text_list(list, sizeof list, one);
    }
    return mfd_fail_as(err, MFD_ENOTFOUND, "model-not-found", "There is no model '%.100s'; %s%s.",
                       name ? name : "(default)", r->n ? "there is " : "none is registered", list);
}

static int fail_not_ready(const struct mfd_entry *e, struct mfd_error *err)
{
    static const char *const why[] = { "is not loaded; POST to its /load", "is still loading", "",
                                       "could not be loaded" };
    return mfd_fail_as(err, MFD_EBUSY, "model-not-ready", "The model %s@%s %s%s%s.", e->row.name,
                       e->row.version, why[e->state], e->error[0] ? ": " : "", e->error);
}

int mfd_registry_acquire(struct mfd_registry *r, const char *name, struct mfd_served **out,
                         struct mfd_error *err)
{
    int status = MFD_OK;
    pthread_mutex_lock(&r->lock);
    const struct mfd_failed_model *failed = NULL;
    const struct mfd_entry *e = name ? mfd_registry_look(r, name) : find_default(r, &failed);
    if (!e && r->starting)
        status = mfd_fail_as(err, MFD_EBUSY, "model-not-ready",
                             "The server is still loading its models; try again in a moment.");
    else if (!e && failed)
        status = mfd_registry_fail_failed(failed, err);
    else if (!e)
        status = mfd_registry_fail_model(r, name, err);
    else if (!e->served)
        status = fail_not_ready(e, err);
    else
        *out = mfd_served_ref(e->served);
    pthread_mutex_unlock(&r->lock);
    return status;
}

const char *mfd_model_state_name(enum mfd_model_state state)
{
    static const char *const names[] = { "unloaded", "loading", "ready", "failed" };
    return names[state];
}

void mfd_model_info_deinit(struct mfd_model_info *info)
{
    free(info->name);
    free(info->version);
    free(info->digest);
    free(info->path);
    free(info->error);
    *info = (struct mfd_model_info){ 0 };
}

static bool is_whole(struct mfd_model_info *info)
{
    if (info->name && info->version && info->digest && info->path && info->error)
        return true;
    mfd_model_info_deinit(info);
    return false;
}

bool mfd_registry_describe(const struct mfd_registry *r, const struct mfd_entry *e,
                           struct mfd_model_info *out)
{
    const struct mfd_failed_model *failed;
    *out = (struct mfd_model_info){
        .id = e->row.id,
        .name = mfd_strdup(e->row.name),
        .version = mfd_strdup(e->row.version),
        .digest = mfd_strdup(e->row.digest),
        .path = mfd_strdup(e->row.path),
        .error = mfd_strdup(e->error),
        .state = e->state,
        .is_default = e == find_default(r, &failed),
        .created = e->row.created,
        .from_config = strcmp(e->row.source, "config") == 0,
    };
    return is_whole(out);
}

/* A model that was registered before and has failed too tells for itself. */
static bool is_told(const struct mfd_registry *r, const struct mfd_failed_model *failed)
{
    const struct mfd_entry *e = mfd_registry_look(r, failed->name);
    return e && e->state == MFD_MODEL_FAILED;
}

static const struct mfd_failed_model *failed_at(const struct mfd_registry *r, size_t i)
{
    const struct mfd_failed_model *failed = r->failed;
    for (; failed; failed = failed->next)
        if (!is_told(r, failed) && i-- == 0)
            break;
    return failed;
}

static bool describe_failed(const struct mfd_registry *r, const struct mfd_failed_model *failed,
                            struct mfd_model_info *out)
{
    const struct mfd_failed_model *chosen;
    size_t n = strcspn(failed->name, "@");
    find_default(r, &chosen);
    *out = (struct mfd_model_info){
        .name = mfd_strndup(failed->name, n),
        .version = mfd_strdup(failed->name[n] ? failed->name + n + 1 : ""),
        .digest = mfd_strdup(""),
        .path = mfd_strdup(""),
        .error = mfd_strdup(failed->error),
        .state = MFD_MODEL_FAILED,
        .is_default = failed == chosen,
    };
    return is_whole(out);
}

int mfd_registry_find(struct mfd_registry *r, const char *name, struct mfd_model_info *out,
                      struct mfd_error *err)
{
    pthread_mutex_lock(&r->lock);
    const struct mfd_entry *e = mfd_registry_look(r, name);
    const struct mfd_failed_model *failed = e ? NULL : mfd_registry_failed(r, name);
    int status = MFD_OK;
    if (!e && !failed)
        status = mfd_registry_fail_model(r, name, err);
    else if (e ? !mfd_registry_describe(r, e, out) : !describe_failed(r, failed, out))
        status = mfd_fail_nomem(err);
    pthread_mutex_unlock(&r->lock);
    return status;
}

size_t mfd_registry_count(struct mfd_registry *r)
{
    pthread_mutex_lock(&r->lock);
    size_t n = r->n;
    while (failed_at(r, n - r->n))
        n++;
    pthread_mutex_unlock(&r->lock);
    return n;
}

bool mfd_registry_at(struct mfd_registry *r, size_t i, struct mfd_model_info *out)
{
    pthread_mutex_lock(&r->lock);
    const struct mfd_failed_model *failed = i < r->n ? NULL : failed_at(r, i - r->n);
    bool ok = failed ? describe_failed(r, failed, out)
                     : i < r->n && mfd_registry_describe(r, r->entries[i], out);
    pthread_mutex_unlock(&r->lock);
    return ok;
}

/* --- what a crash left --- */

struct kept {
    const char *directory;
    struct mfd_store_model *rows;
    size_t n;
};

/* Whether a model is made of the file of that name in our directory: uploads are named by their
 * digest, wherever the directory was when they came. */
static bool made_of(const struct kept *kept, const struct mfd_store_model *row, const char *name)
{
    size_t n = strlen(kept->directory), digits = strlen(row->digest);
    if (strcmp(row->source, "upload") == 0)
        return strncmp(name, row->digest, digits) == 0 && strcmp(name + digits, ".mfd") == 0;
    return strncmp(row->path, kept->directory, n) == 0 && row->path[n] == '/' &&
           strcmp(row->path + n + 1, name) == 0;
}

/* Halves of uploads never, uploaded bundles where a model is made of them; all else is not ours. */
static int needed(void *arg, const char *name, bool *yes, struct mfd_error *err)
{
    const struct kept *kept = arg;
    size_t digits = strspn(name, "0123456789abcdef");
    (void)err;
    *yes = strncmp(name, "upload-", 7) != 0;
    if (digits != 64 || strcmp(name + digits, ".mfd") != 0)
        return MFD_OK;
    *yes = false;
    for (size_t i = 0; i < kept->n && !*yes; i++)
        *yes = made_of(kept, &kept->rows[i], name);
    return MFD_OK;
}

int mfd_registry_clean(struct mfd_registry *r, struct mfd_error *err)
{
    struct kept kept = { .directory = r->model_dir };
    int status = mfd_store_models(r->store, &kept.rows, &kept.n, err);
    if (status < 0)
        return status;
    status = mfd_upload_clean(r->model_dir, needed, &kept, err);
    mfd_store_models_free(kept.rows, kept.n);
    return status;
}

void mfd_registry_metrics(struct mfd_registry *r, struct mfd_buffer *out)
{
    static const struct {
        const char *name, *type, *help;
    } of_engines[] = {
        { "mfd_engine_windows_total", "counter", "Windows computed." },
        { "mfd_engine_seconds_total", "counter", "Time in runs." },
        { "mfd_engine_sgemm_seconds_total", "counter",
          "Time in matrix products, over all threads." },
        { "mfd_engine_weights_bytes", "gauge", "Packed weights." },
        { "mfd_engine_scratch_bytes", "gauge", "Memory for intermediate rows." },
    };
    pthread_mutex_lock(&r->lock);
    mfd_buffer_adds(out, "# HELP mfd_model_state 1 for the state a model is in.\n"
                         "# TYPE mfd_model_state gauge\n");
    for (size_t i = 0; i < r->n; i++)
        for (int s = 0; s <= MFD_MODEL_FAILED; s++)
            mfd_buffer_addf(out, "mfd_model_state{model=\"%s\",version=\"%s\",state=\"%s\"} %d\n",
                            r->entries[i]->row.name, r->entries[i]->row.version,
                            mfd_model_state_name((enum mfd_model_state)s),
                            (int)r->entries[i]->state == s);
    const struct mfd_failed_model *failed;
    for (size_t i = 0; (failed = failed_at(r, i)); i++) {
        if (!mfd_registry_good_name(failed->name, true)) /* it may be why; no label, then */
            continue;
        const char *at = strchr(failed->name, '@');
        int n = (int)strcspn(failed->name, "@");
        for (int s = 0; s <= MFD_MODEL_FAILED; s++)
            mfd_buffer_addf(out, "mfd_model_state{model=\"%.*s\",version=\"%s\",state=\"%s\"} %d\n",
                            n, failed->name, at ? at + 1 : "",
                            mfd_model_state_name((enum mfd_model_state)s), s == MFD_MODEL_FAILED);
    }
    for (size_t m = 0; m < sizeof of_engines / sizeof *of_engines; m++) {
        mfd_buffer_addf(out, "# HELP %s %s\n# TYPE %s %s\n", of_engines[m].name, of_engines[m].help,
                        of_engines[m].name, of_engines[m].type);
        for (size_t i = 0; i < r->n; i++) {
            const struct mfd_entry *e = r->entries[i];
            struct mfd_engine_stats s;
            if (!e->served)
                continue;
            mfd_engine_stats(mfd_served_engine(e->served), &s);
            const double values[] = { (double)s.windows, s.seconds, s.product_seconds,
                                      (double)s.packed_bytes, (double)s.scratch_bytes };
            mfd_buffer_addf(out, "%s{model=\"%s\",version=\"%s\"} %.17g\n", of_engines[m].name,
                            e->row.name, e->row.version, values[m]);
        }
    }
    pthread_mutex_unlock(&r->lock);
}
