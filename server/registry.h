/* Models and genomes that the daemon knows: registered, loaded, unloaded and replaced while
 * requests run. A request holds a reference on what it began with and finishes on it. */
#pragma once

#include "core/base/error.h"
#include "core/engine/engine.h"
#include "core/genome/genome.h"
#include "core/model/model.h"

struct mfd_registry;
struct mfd_served;

/* The loaded model of that name: "name", "name@version", or NULL for the default model. A
 * reference; any thread. MFD_ENOTFOUND (slug model-not-found) or MFD_EBUSY (slug model-not-ready).
 */
int mfd_registry_acquire(struct mfd_registry *registry, const char *name, struct mfd_served **out,
                         struct mfd_error *err) MFD_MUST_CHECK;
struct mfd_served *mfd_served_ref(struct mfd_served *served);
void mfd_served_unref(struct mfd_served *served);

/* Borrowed, immutable, for the reference's life; any thread. */
const char *mfd_served_name(const struct mfd_served *served);
const char *mfd_served_version(const struct mfd_served *served);
const char *mfd_served_digest(const struct mfd_served *served); /* 64 hex */
struct mfd_model *mfd_served_model(const struct mfd_served *served);
struct mfd_engine *mfd_served_engine(const struct mfd_served *served); /* the batcher's alone */
/* The name of the genome that the model is asked on where a request names none; may be NULL. */
const char *mfd_served_genome(const struct mfd_served *served);

/* A genome by name, or NULL for the default. A reference (mfd_genome_unref); any thread. *name (may
 * be NULL) receives its registered name, borrowed for the registry's life. MFD_ENOTFOUND, slug
 * genome-not-found, lists those there are. */
int mfd_registry_genome(struct mfd_registry *registry, const char *name, struct mfd_genome **out,
                        const char **registered, struct mfd_error *err) MFD_MUST_CHECK;
