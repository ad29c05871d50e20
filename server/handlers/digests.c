#include "server/handlers/digests.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "core/base/log.h"
#include "core/base/memory.h"
#include "server/registry.h"
#include "server/store_digests.h"
#include "server/workers.h"

/* One genome's digests so far: contigs [0, n) of it. */
struct known {
    struct known *next;
    struct mfd_genome *genome;     /* a reference, so that its address stays its own */
    struct mfd_genome_stamp stamp; /* of the files that are open: others may lie there by now */
    struct mfd_contig_digest *digests;
    size_t n;
    bool digesting; /* somebody computes number n */
};

/* Genomes are few and live as long as the daemon; what is here is freed with it. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct known *all;

/* Under lock. */
static struct known *find_known(struct mfd_app *app, struct mfd_genome *genome)
{
    struct mfd_error err = MFD_ERROR_INIT;
    const char *path = mfd_genome_path(genome);
    for (struct known *k = all; k; k = k->next)
        if (k->genome == genome)
            return k;
    struct known *k = mfd_calloc(1, sizeof *k);
    if (!k || !(k->digests = mfd_calloc(mfd_genome_contigs(genome), sizeof *k->digests))) {
        free(k);
        return NULL;
    }
    k->stamp = mfd_genome_stamp(genome);
    if (k->stamp.text[0] && mfd_store_digests(mfd_app_store(app), path, k->stamp.text, k->digests,
                                              mfd_genome_contigs(genome), &k->n, &err) < 0)
        mfd_log(MFD_LOG_WARNING, "digests of '%s': %s", path, err.message); /* compute them, then */
    k->genome = mfd_genome_ref(genome);
    k->next = all;
    return all = k;
}

/* Compute the next one; the lock is released meanwhile. */
static int digest_next(struct mfd_app *app, struct known *k, struct mfd_error *err)
{
    struct mfd_error unkept = MFD_ERROR_INIT;
    struct mfd_contig_digest digest;
    const char *path = mfd_genome_path(k->genome);
    if (k->digesting)
        return mfd_fail_as(err, MFD_EBUSY, "digests-not-ready",
                           "The sequences of '%s' are being digested for the first time; ask again "
                           "in some seconds.",
                           path);
    k->digesting = true;
    pthread_mutex_unlock(&lock);
    int status = mfd_genome_contig_digest(k->genome, k->n, &digest, NULL, err);
    if (status == MFD_OK && k->stamp.text[0] &&
        mfd_store_digest_put(mfd_app_store(app), path, k->stamp.text, k->n, &digest, &unkept) < 0)
        mfd_log(MFD_LOG_WARNING, "digests of '%s' are not kept: %s", path, unkept.message);
    pthread_mutex_lock(&lock);
    k->digesting = false;
    if (status == MFD_OK)
        k->digests[k->n++] = digest;
    return status;
}

static bool same(const struct mfd_contig_digest *digest, const char *id)
{
    if (strncmp(id, "ga4gh:", 6) == 0)
        return strcmp(digest->ga4gh, id + 6) == 0;
    return strcasecmp(digest->md5, id) == 0 || strcasecmp(digest->trunc512, id) == 0 ||
           strcmp(digest->ga4gh, id) == 0;
}

/* Under lock: search the contigs of one genome that are known, or those that are not, digesting on
 * until it is found. */
static int search(struct mfd_app *app, struct mfd_genome *genome, bool more, const char *id,
                  struct mfd_digested *out, struct mfd_error *err)
{
    struct known *k = find_known(app, genome);
    if (!k)
        return mfd_fail_nomem(err);
    size_t end = more ? mfd_genome_contigs(genome) : k->n;
    for (size_t i = 0; i < end; i++) {
        int status = i == k->n ? digest_next(app, k, err) : MFD_OK;
        if (status < 0)
            return status;
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

int mfd_digests_find(struct mfd_app *app, const char *id, struct mfd_digested *out,
                     struct mfd_error *err)
{
    const struct mfd_registry *registry = mfd_app_registry(app);
    int status = MFD_ENOTFOUND;
    if (!plausible(id))
        return mfd_fail_as(err, MFD_ENOTFOUND, "not-found",
                           "\"%.100s\" is no md5, TRUNC512 or ga4gh:SQ. digest", id);
    size_t n = mfd_registry_genomes(registry);
    pthread_mutex_lock(&lock);
    for (size_t i = 0; i < 2 * n && status == MFD_ENOTFOUND;
         i++) { /* known ones of all genomes first */
        struct mfd_genome *genome;
        if (mfd_registry_genome_at(registry, i % n, &genome))
            status = search(app, genome, i >= n, id, out, err);
    }
    pthread_mutex_unlock(&lock);
    if (status == MFD_ENOTFOUND)
        return mfd_fail_as(err, MFD_ENOTFOUND, "not-found",
                           "no registered genome has a sequence of digest %.100s", id);
    return status;
}

bool mfd_digests_known(struct mfd_app *app, struct mfd_genome *genome, size_t contig,
                       struct mfd_contig_digest *out)
{
    pthread_mutex_lock(&lock);
    const struct known *k = find_known(app, genome);
    bool known = k && contig < k->n;
    if (known)
        *out = k->digests[contig];
    pthread_mutex_unlock(&lock);
    return known;
}

/* Work that goes on by itself; under lock but for the job, which the pool has while `busy`. */
static struct {
    struct mfd_work job;
    bool busy, more;
} filler;

/* Under lock: a genome of which something is not known and nobody computes it. */
static struct known *find_unfinished(struct mfd_app *app)
{
    const struct mfd_registry *registry = mfd_app_registry(app);
    for (size_t i = 0; i < mfd_registry_genomes(registry); i++) {
        struct mfd_genome *genome;
        if (!mfd_registry_genome_at(registry, i, &genome))
            continue;
        struct known *k = find_known(app, genome);
        if (k && !k->digesting && k->n < mfd_genome_contigs(genome))
            return k;
    }
    return NULL;
}

static void fill_one(void *arg)
{
    struct mfd_app *app = arg;
    struct mfd_error err = MFD_ERROR_INIT;
    pthread_mutex_lock(&lock);
    struct known *k = find_unfinished(app);
    int status = k ? digest_next(app, k, &err) : MFD_OK;
    filler.more = k && status == MFD_OK;
    pthread_mutex_unlock(&lock);
    if (status < 0) /* whoever asks next has it tried again */
        mfd_log(MFD_LOG_WARNING, "digests of '%s': %s", mfd_genome_path(k->genome), err.message);
}

static void filled_one(void *arg)
{
    struct mfd_app *app = arg;
    pthread_mutex_lock(&lock);
    filler.busy = filler.more && mfd_app_state(app) != MFD_APP_STOPPING;
    bool go_on = filler.busy;
    pthread_mutex_unlock(&lock);
    if (go_on)
        mfd_workers_submit(mfd_app_workers(app), &filler.job);
}

void mfd_digests_fill(struct mfd_app *app)
{
    pthread_mutex_lock(&lock);
    bool start = !filler.busy && find_unfinished(app);
    if (start)
        filler.job = (struct mfd_work){
            .work = fill_one, .done = filled_one, .arg = app, .kind = MFD_WORK_SLACK
        };
    filler.busy |= start;
    pthread_mutex_unlock(&lock);
    if (start)
        mfd_workers_submit(mfd_app_workers(app), &filler.job);
}
