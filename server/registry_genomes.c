/* Genomes of the registry: all there are before requests come, so nothing here is locked. */
#include <stdlib.h>
#include <string.h>

#include "core/base/log.h"
#include "core/base/memory.h"
#include "core/genome/assembly.h"
#include "core/genome/genome.h"
#include "proto/text.h"
#include "server/registry_in.h"

/* A genome that goes by the name of an assembly that it is not would be answered over in good
 * faith. */
static void check_name(const char *name, const struct mfd_genome *genome)
{
    const char *said = mfd_assembly_name(mfd_assembly_named(name)),
               *is = mfd_genome_assembly(genome);
    if (said && is && strcmp(said, is) != 0)
        mfd_log(
            MFD_LOG_WARNING,
            "genome %s: its contigs are as long as those of %s; name it so, or give another FASTA",
            name, is);
}

int mfd_registry_add_genome(struct mfd_registry *r, const char *name, const char *path,
                            struct mfd_error *err)
{
    if (!mfd_registry_good_name(name, false))
        return mfd_fail(err, MFD_EINVAL,
                        "'%.100s' is not a genome's name: letters, digits and . _ -, up to 64",
                        name);
    if (r->n_genomes == MFD_MAX_GENOMES)
        return mfd_fail(err, MFD_ELIMIT, "more than %d genomes", MFD_MAX_GENOMES);
    struct mfd_named_genome g = { .name = mfd_strdup(name) };
    int status = g.name ? mfd_genome_open(&g.genome, path, err) : mfd_fail_nomem(err);
    if (status < 0) {
        free(g.name);
        return mfd_fail_prefix(err, status, "genome %s", name);
    }
    check_name(name, g.genome);
    r->genomes[r->n_genomes++] = g;
    return MFD_OK;
}

static int fail_genome(const struct mfd_registry *r, const char *name, struct mfd_error *err)
{
    char list[256] = "";
    for (size_t i = 0; i < r->n_genomes; i++)
        mfd_text_list(list, sizeof list, r->genomes[i].name);
    return mfd_fail_as(err, MFD_ENOTFOUND, "genome-not-found", "There is no genome '%.100s'; %s%s.",
                       name ? name : "(default)", r->n_genomes ? "there is " : "none is registered",
                       list);
}

int mfd_registry_genome(struct mfd_registry *r, const char *name, struct mfd_genome **out,
                        const char **registered, struct mfd_error *err)
{
    if (!name && r->default_genome[0])
        name = r->default_genome;
    for (size_t i = 0; i < r->n_genomes; i++) {
        if (name && strcmp(name, r->genomes[i].name) != 0)
            continue;
        *out = mfd_genome_ref(r->genomes[i].genome);
        if (registered)
            *registered = r->genomes[i].name;
        return MFD_OK;
    }
    return fail_genome(r, name, err);
}

size_t mfd_registry_genomes(const struct mfd_registry *r)
{
    return r->n_genomes;
}

const char *mfd_registry_genome_at(const struct mfd_registry *r, size_t i,
                                   struct mfd_genome **genome)
{
    *genome = r->genomes[i].genome;
    return r->genomes[i].name;
}
