/* Models and genomes that the daemon knows: registered, loaded, unloaded and replaced while
 * requests run. A request holds a reference on what it began with and finishes on it. */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/buffer.h"
#include "core/base/error.h"

struct mfd_genome;
struct mfd_registry;
struct mfd_served;
struct mfd_store;
struct mfd_upload;

struct mfd_registry_options {
    unsigned threads;     /* of each engine; 0: one a core */
    size_t scratch_bytes; /* 0: the engine's choice */
    int nice;             /* added to the niceness of engines */
    bool warm_up;
    const char *model_dir;                      /* uploaded bundles are kept here */
    const char *default_model, *default_genome; /* "" or a name */
};

int mfd_registry_new(struct mfd_registry **out, struct mfd_store *store,
                     const struct mfd_registry_options *options,
                     struct mfd_error *err) MFD_MUST_CHECK;
void mfd_registry_free(struct mfd_registry *registry);

/* --- for requests --- */

/* The loaded model of that name: "name", "name@version", or NULL for the default model. A
 * reference (mfd_served_unref); any thread. MFD_ENOTFOUND (slug model-not-found) or MFD_EBUSY (slug
 * model-not-ready).
 */
int mfd_registry_acquire(struct mfd_registry *registry, const char *name, struct mfd_served **out,
                         struct mfd_error *err) MFD_MUST_CHECK;

/* A genome by name, or NULL for the default. A reference (mfd_genome_unref); any thread.
 * *registered (may be NULL) receives its registered name, borrowed for the registry's life.
 * MFD_ENOTFOUND, slug genome-not-found, lists those there are. */
int mfd_registry_genome(struct mfd_registry *registry, const char *name, struct mfd_genome **out,
                        const char **registered, struct mfd_error *err) MFD_MUST_CHECK;
size_t mfd_registry_genomes(const struct mfd_registry *registry);
const char *mfd_registry_genome_at(const struct mfd_registry *registry, size_t i,
                                   struct mfd_genome **genome); /* borrowed, both */

/* --- for administration: any thread but the loop's; one at a time, they wait for each other --- */

int mfd_registry_add_genome(struct mfd_registry *registry, const char *name, const char *path,
                            struct mfd_error *err) MFD_MUST_CHECK;

enum mfd_model_state { MFD_MODEL_UNLOADED, MFD_MODEL_LOADING, MFD_MODEL_READY, MFD_MODEL_FAILED };

/* What is known of a model, registered or only named by the configuration; plain copies, release
 * with mfd_model_info_deinit. */
struct mfd_model_info {
    int64_t id; /* row of the store; 0: not registered, and "" for what is not known */
    char *name, *version, *digest, *path, *error;
    enum mfd_model_state state;
    bool is_default, from_config;
    int64_t created;
};
void mfd_model_info_deinit(struct mfd_model_info *info);
const char *mfd_model_state_name(enum mfd_model_state state);
/* "name" (its newest version) or "name@version". MFD_ENOTFOUND lists those there are. */
int mfd_registry_find(struct mfd_registry *registry, const char *name, struct mfd_model_info *out,
                      struct mfd_error *err) MFD_MUST_CHECK;
size_t mfd_registry_count(struct mfd_registry *registry);
/* The i-th in the order of registration, those that failed last; false where there are fewer. */
bool mfd_registry_at(struct mfd_registry *registry, size_t i, struct mfd_model_info *out);

/* Remove uploaded bundles that no model of the store is made of, and halves of uploads: what a
 * crash left behind. Before requests come. */
int mfd_registry_clean(struct mfd_registry *registry, struct mfd_error *err) MFD_MUST_CHECK;
/* Take up what the store knows, unloaded. */
int mfd_registry_restore(struct mfd_registry *registry, struct mfd_error *err) MFD_MUST_CHECK;
/* Register a bundle as "name" (version: the first 12 digits of its digest) or "name@version", load
 * it and let it serve; an older bundle of that name and version serves until then and stays where
 * this one fails. `upload` (may be NULL) holds the file, which is then kept; else `path`. *created:
 * it is new. */
int mfd_registry_put(struct mfd_registry *registry, const char *name, const char *path,
                     struct mfd_upload *upload, const char *source, bool *created,
                     struct mfd_model_info *out, struct mfd_error *err) MFD_MUST_CHECK;
int mfd_registry_load(struct mfd_registry *registry, const char *name,
                      struct mfd_error *err) MFD_MUST_CHECK;
/* Running requests finish; memory is returned with the last of them. */
int mfd_registry_unload(struct mfd_registry *registry, const char *name,
                        struct mfd_error *err) MFD_MUST_CHECK;
int mfd_registry_delete(struct mfd_registry *registry, const char *name,
                        struct mfd_error *err) MFD_MUST_CHECK;
int mfd_registry_set_default(struct mfd_registry *registry, const char *name,
                             struct mfd_error *err) MFD_MUST_CHECK;
/* Load every model that is wanted; failures are logged and noted. Returns how many serve. */
size_t mfd_registry_load_wanted(struct mfd_registry *registry);

/* --- models that the configuration names and that cannot be registered: any thread ----------- */

void mfd_registry_note_failed(struct mfd_registry *registry, const char *name, const char *why);
/* It is well; mfd_registry_put does that for what it registers. */
void mfd_registry_clear_failed(struct mfd_registry *registry, const char *name);
/* Forget those that `keep` does not want. */
void mfd_registry_keep_failed(struct mfd_registry *registry,
                              bool (*keep)(const void *arg, const char *name), const void *arg);
/* Append their names; returns how many there are. */
size_t mfd_registry_failed_names(struct mfd_registry *registry, struct mfd_buffer *out);
json_t *mfd_registry_failed_json(struct mfd_registry *registry);
/* MFD_OK where some model serves and, for `all`, none has failed; else MFD_EBUSY, slug
 * model-not-ready. Says names, not reasons: those are for whoever may list models. */
int mfd_registry_ready(struct mfd_registry *registry, bool all,
                       struct mfd_error *err) MFD_MUST_CHECK;

void mfd_registry_metrics(struct mfd_registry *registry, struct mfd_buffer *out);
/* A name for a model or genome: letters, digits, '.', '_', '-', beginning with a letter or digit,
 * up to 64; a model may have "@version" of the same behind it. */
bool mfd_registry_good_name(const char *name, bool version);
/* Does "name" or "name@version" mean this version of this model? */
bool mfd_registry_means(const char *name, const char *model, const char *version);
