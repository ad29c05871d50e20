#include "server/handlers/digests.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "core/base/memory.h"

/* One genome's digests so far: contigs [0, n) of it. */
struct known {
    struct known *next;
    struct mfd_genome *genome; /* a reference, so that its address stays its own */
    struct mfd_contig_digest *digests;
    size_t n;
};

/* Genomes are few and live as long as the daemon; what is here is freed with it. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct known *all;

static struct known *find_known(struct mfd_genome *genome)
{
    for (struct known *k = all; k; k = k->next)
        if (k->genome == genome)
            return k;
    struct known *k = mfd_calloc(1, sizeof *k);
    if (!k || !(k->digests = mfd_calloc(mfd_genome_contigs(genome), sizeof *k->digests))) {
        free(k);
        return NULL;
    }
    k->genome = mfd_genome_ref(genome);
    k->next = all;
    return all = k;
}

static bool same(const struct mfd_contig_digest *digest, const char *id)
{
    if (strncmp(id, "ga4gh:", 6) == 0)
        return strcmp(digest->ga4gh, id + 6) == 0;
    return strcasecmp(digest->md5, id) == 0 || strcasecmp(digest->trunc512, id) == 0 ||
           strcmp(digest->ga4gh, id) == 0;
}

/* Search one genome, digesting on until it is found. */
static int search(struct mfd_genome *genome, const char *id, struct mfd_digested *out,
                  struct mfd_error *err)
{
    struct known *k = find_known(genome);
    if (!k)
        return mfd_fail_nomem(err);
    for (size_t i = 0; i < mfd_genome_contigs(genome); i++) {
        if (i == k->n) {
            int status = mfd_genome_contig_digest(genome, i, &k->digests[i], NULL, err);
            if (status)
                return status;
            k->n++;
        }
        if (same(&k->digests[i], id)) {
            *out = (struct mfd_digested){ mfd_genome_ref(genome), i, k->digests[i] };
            return MFD_OK;
        }
    }
    return MFD_ENOTFOUND;
}

/* Whether a text could be one of the digests at all: 32 or 48 hex digits, or SQ. */
static bool plausible(const char *id)
{
    size_t n = strlen(id);
    return strncmp(id, "ga4gh:SQ.", 9) == 0 || strncmp(id, "SQ.", 3) == 0 ||
           ((n == 32 || n == 48) && strspn(id, "0123456789abcdefABCDEF") == n);
}

int mfd_digests_find(struct mfd_registry *registry, const char *id, struct mfd_digested *out,
                     struct mfd_error *err)
{
    int status = MFD_ENOTFOUND;
    if (!plausible(id))
        return mfd_fail_as(err, MFD_ENOTFOUND, "not-found",
                           "\"%.100s\" is no md5, TRUNC512 or ga4gh:SQ. digest", id);
    pthread_mutex_lock(&lock);
    for (size_t i = 0; i < mfd_registry_genomes(registry) && status == MFD_ENOTFOUND; i++) {
        struct mfd_genome *genome;
        if (mfd_registry_genome_at(registry, i, &genome))
            status = search(genome, id, out, err);
    }
    pthread_mutex_unlock(&lock);
    if (status == MFD_ENOTFOUND)
        return mfd_fail_as(err, MFD_ENOTFOUND, "not-found",
                           "no registered genome has a sequence of digest %.100s", id);
    return status;
}
