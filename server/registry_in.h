/* The inside of the registry, for its own files. */
#pragma once

#include <pthread.h>

#include "core/engine/engine.h"
#include "core/genome/genome.h"
#include "server/registry.h"
#include "server/store.h"

#define MFD_MAX_GENOMES 64

struct mfd_entry {
    struct mfd_store_model row;
    enum mfd_model_state state;
    char error[512];
    struct mfd_served *served; /* while ready */
};

/* A model that the configuration names and that is not registered. */
struct mfd_failed_model {
    struct mfd_failed_model *next;
    char error[512];
    char name[]; /* as configured: perhaps with @version */
};

struct mfd_named_genome {
    char *name;
    struct mfd_genome *genome;
};

struct mfd_registry {
    struct mfd_store *store;
    struct mfd_engine_options engine;
    bool warm_up;
    char *model_dir, *default_model, *default_genome;
    struct mfd_named_genome genomes[MFD_MAX_GENOMES]; /* only added to, before requests come */
    size_t n_genomes;

    pthread_mutex_t admin; /* held through a whole change; then lock for moments */
    pthread_mutex_t lock;
    struct mfd_entry **entries;
    size_t n;
    struct mfd_failed_model *failed;
    bool starting; /* what is to be loaded at first has not all been */
};

/* Under lock: what "name" or "name@version" means, or NULL; a bare name is the newest version that
 * serves, else the newest. */
struct mfd_entry *mfd_registry_look(const struct mfd_registry *r, const char *name);
int mfd_registry_fail_model(const struct mfd_registry *r, const char *name, struct mfd_error *err);
bool mfd_registry_describe(const struct mfd_registry *r, const struct mfd_entry *e,
                           struct mfd_model_info *out);
/* registry_failed.c, under lock: the failed model that a request's name means, or NULL. */
const struct mfd_failed_model *mfd_registry_failed(const struct mfd_registry *r, const char *name);
int mfd_registry_fail_failed(const struct mfd_failed_model *failed, struct mfd_error *err);
void mfd_registry_free_failed(struct mfd_registry *r);
void mfd_entry_free(struct mfd_entry *e);
