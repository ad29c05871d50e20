/* Models that the configuration names and that are not there: told wherever models are, with the
 * reason, until they load, another of that name is put, or the configuration names them no more. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/memory.h"
#include "proto/text.h"
#include "server/registry_in.h"

/* Under lock. */
static struct mfd_failed_model **find(struct mfd_registry *r, const char *name)
{
    struct mfd_failed_model **at = &r->failed;
    while (*at && strcmp((*at)->name, name) != 0)
        at = &(*at)->next;
    return at;
}

void mfd_registry_note_failed(struct mfd_registry *r, const char *name, const char *why)
{
    size_t n = strlen(name) + 1;
    pthread_mutex_lock(&r->lock);
    struct mfd_failed_model **at = find(r, name);
    if (!*at && (*at = mfd_calloc(1, sizeof **at + n)))
        memcpy((*at)->name, name, n);
    if (*at) {
        snprintf((*at)->error, sizeof(*at)->error, "%s", why);
        mfd_text_cut((*at)->error);
    }
    pthread_mutex_unlock(&r->lock);
}

static void drop(struct mfd_failed_model **at)
{
    struct mfd_failed_model *failed = *at;
    if (!failed)
        return;
    *at = failed->next;
    free(failed);
}

void mfd_registry_clear_failed(struct mfd_registry *r, const char *name)
{
    pthread_mutex_lock(&r->lock);
    drop(find(r, name));
    pthread_mutex_unlock(&r->lock);
}

void mfd_registry_keep_failed(struct mfd_registry *r,
                              bool (*keep)(const void *arg, const char *name), const void *arg)
{
    pthread_mutex_lock(&r->lock);
    for (struct mfd_failed_model **at = &r->failed; *at;)
        if (keep(arg, (*at)->name))
            at = &(*at)->next;
        else
            drop(at);
    pthread_mutex_unlock(&r->lock);
}

void mfd_registry_free_failed(struct mfd_registry *r)
{
    while (r->failed)
        drop(&r->failed);
}

/* Does "name" or "name@version" of a request mean "name" or "name@version" of the configuration? */
static bool means(const char *name, const char *configured)
{
    size_t n = strcspn(name, "@");
    if (strncmp(configured, name, n) != 0 || (configured[n] && configured[n] != '@'))
        return false;
    return !name[n] || !configured[n] || strcmp(name + n, configured + n) == 0;
}

const struct mfd_failed_model *mfd_registry_failed(const struct mfd_registry *r, const char *name)
{
    const struct mfd_failed_model *failed = r->failed;
    while (failed && !means(name, failed->name))
        failed = failed->next;
    return failed;
}

int mfd_registry_fail_failed(const struct mfd_failed_model *failed, struct mfd_error *err)
{
    return mfd_fail_as(err, MFD_EBUSY, "model-not-ready", "The model %s could not be loaded: %s",
                       failed->name, failed->error);
}

size_t mfd_registry_failed_names(struct mfd_registry *r, struct mfd_buffer *out)
{
    size_t n = 0;
    pthread_mutex_lock(&r->lock);
    for (const struct mfd_failed_model *failed = r->failed; failed; failed = failed->next)
        mfd_buffer_addf(out, "%s%s", n++ ? ", " : "", failed->name);
    pthread_mutex_unlock(&r->lock);
    return n;
}

json_t *mfd_registry_failed_json(struct mfd_registry *r)
{
    json_t *names = json_array();
    pthread_mutex_lock(&r->lock);
    for (const struct mfd_failed_model *failed = r->failed; names && failed; failed = failed->next)
        json_array_append_new(names, json_string(failed->name));
    pthread_mutex_unlock(&r->lock);
    return names;
}

int mfd_registry_ready(struct mfd_registry *r, bool all, struct mfd_error *err)
{
    struct mfd_buffer names = MFD_BUFFER_INIT;
    size_t serving = 0, failed = mfd_registry_failed_names(r, &names);
    int status = MFD_OK;
    pthread_mutex_lock(&r->lock);
    for (size_t i = 0; i < r->n; i++)
        serving += r->entries[i]->served != NULL;
    pthread_mutex_unlock(&r->lock);
    const char *which = names.data ? names.data : "";
    if (failed && (all || !serving))
        status = mfd_fail_as(err, MFD_EBUSY, "model-not-ready",
                             "Of the models that the configuration names, these could not be "
                             "loaded: %.200s. /api/v1/models says why.",
                             which);
    else if (!serving)
        status = mfd_fail_as(err, MFD_EBUSY, "model-not-ready",
                             "No model can answer: none is registered, or none is loaded.");
    mfd_buffer_deinit(&names);
    return status;
}
