#include "core/model/cache.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/memory.h"

#define BUCKETS 1024

/* What was asked for, a combination. */
struct key {
    char half[MFD_GROUPS][MFD_HALF_KEY];
    double bias;
    uint32_t policy, zero;
};

struct entry {
    const struct mfd_virtual *v; /* a reference */
    size_t bytes;                /* all of it and of the entry */
    uint64_t hash;
    struct key *keys; /* (v->tracks) */
    struct entry *newer, *older, *next;
};

struct mfd_cache {
    pthread_mutex_t lock;
    struct entry *bucket[BUCKETS];
    struct entry *newest, *oldest;
    size_t entries, bytes, limit;
    uint64_t hits, misses;
};

struct mfd_cache *mfd_cache_new(size_t limit)
{
    struct mfd_cache *c = mfd_calloc(1, sizeof *c);
    if (!c)
        return NULL;
    c->limit = limit;
    if (pthread_mutex_init(&c->lock, NULL)) {
        free(c);
        return NULL;
    }
    return c;
}

static double number_of(const struct mfd_combination *c)
{
    return c->bias_policy == MFD_BIAS_NUMBER ? c->bias : 0;
}

/* Digests are as good as random, so a word of each will do; a find compares them whole. */
static uint64_t hash_of(const struct mfd_combination *c, size_t n)
{
    uint64_t h = n;
    for (size_t i = 0; i < n; i++) {
        uint64_t bio, tech, bias;
        double number = number_of(&c[i]);
        memcpy(&bio, c[i].key[MFD_BIOLOGICAL], sizeof bio);
        memcpy(&tech, c[i].key[MFD_TECHNICAL], sizeof tech);
        memcpy(&bias, &number, sizeof bias);
        h = (h ^ bio) * 0x9e3779b97f4a7c15u;
        h = ((h ^ h >> 32) + tech) * 0x9e3779b97f4a7c15u;
        h ^= (h >> 29) + bias + (uint64_t)c[i].bias_policy;
    }
    return h ^ h >> 32;
}

static struct key *keys_of(const struct mfd_combination *c, size_t n)
{
    struct key *keys = mfd_calloc(n, sizeof *keys);
    for (size_t i = 0; keys && i < n; i++) {
        memcpy(keys[i].half, c[i].key, sizeof keys[i].half);
        keys[i].policy = (uint32_t)c[i].bias_policy;
        keys[i].bias = number_of(&c[i]);
    }
    return keys;
}

/* Of a bias the bits, as in the hash: NaN is refused elsewhere. */
static bool same_keys(const struct key *keys, const struct mfd_combination *c, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        double number = number_of(&c[i]);
        if (memcmp(keys[i].half, c[i].key, sizeof keys[i].half) ||
            keys[i].policy != (uint32_t)c[i].bias_policy ||
            memcmp(&keys[i].bias, &number, sizeof number))
            return false;
    }
    return true;
}

static struct entry **slot(struct mfd_cache *c, uint64_t hash)
{
    return &c->bucket[hash % BUCKETS];
}

static void unlink_used(struct mfd_cache *c, struct entry *e)
{
    *(e->newer ? &e->newer->older : &c->newest) = e->older;
    *(e->older ? &e->older->newer : &c->oldest) = e->newer;
    e->newer = e->older = NULL;
}

static void push_newest(struct mfd_cache *c, struct entry *e)
{
    e->older = c->newest;
    *(c->newest ? &c->newest->newer : &c->oldest) = e;
    c->newest = e;
}

static struct entry *lookup(struct mfd_cache *c, const struct mfd_combination *wanted, size_t n,
                            uint64_t hash)
{
    for (struct entry *e = *slot(c, hash); e; e = e->next)
        if (e->hash == hash && e->v->tracks == n && same_keys(e->keys, wanted, n))
            return e;
    return NULL;
}

static void entry_free(struct entry *e)
{
    if (!e)
        return;
    mfd_virtual_unref(e->v);
    free(e->keys);
    free(e);
}

static void drop_oldest(struct mfd_cache *c)
{
    struct entry *e = c->oldest, **at = slot(c, e->hash);
    while (*at != e)
        at = &(*at)->next;
    *at = e->next;
    unlink_used(c, e);
    c->entries--;
    c->bytes -= e->bytes;
    entry_free(e);
}

const struct mfd_virtual *mfd_cache_find(struct mfd_cache *c, const struct mfd_combination *wanted,
                                         size_t n)
{
    uint64_t hash = hash_of(wanted, n);
    const struct mfd_virtual *found = NULL;
    pthread_mutex_lock(&c->lock);
    struct entry *e = lookup(c, wanted, n, hash);
    if (e) {
        found = mfd_virtual_ref(e->v);
        unlink_used(c, e);
        push_newest(c, e);
        c->hits++;
    } else {
        c->misses++;
    }
    pthread_mutex_unlock(&c->lock);
    return found;
}

static struct entry *entry_new(const struct mfd_combination *combinations, size_t n,
                               const struct mfd_virtual *v)
{
    struct entry *e = mfd_calloc(1, sizeof *e);
    if (!e || !(e->keys = keys_of(combinations, n))) {
        free(e);
        return NULL;
    }
    e->v = mfd_virtual_ref(v);
    e->bytes = sizeof *e + v->bytes + n * sizeof *e->keys;
    e->hash = hash_of(combinations, n);
    return e;
}

void mfd_cache_add(struct mfd_cache *c, const struct mfd_combination *combinations, size_t n,
                   const struct mfd_virtual *v)
{
    struct entry *e = entry_new(combinations, n, v);
    if (!e)
        return;
    pthread_mutex_lock(&c->lock);
    if (e->bytes <= c->limit && !lookup(c, combinations, n, e->hash)) {
        while (c->bytes + e->bytes > c->limit)
            drop_oldest(c);
        e->next = *slot(c, e->hash);
        *slot(c, e->hash) = e;
        push_newest(c, e);
        c->entries++;
        c->bytes += e->bytes;
        e = NULL;
    }
    pthread_mutex_unlock(&c->lock);
    entry_free(e);
}

void mfd_cache_limit(struct mfd_cache *c, size_t bytes)
{
    pthread_mutex_lock(&c->lock);
    c->limit = bytes;
    while (c->bytes > c->limit)
        drop_oldest(c);
    pthread_mutex_unlock(&c->lock);
}

void mfd_cache_stats(struct mfd_cache *c, struct mfd_virtual_stats *stats)
{
    pthread_mutex_lock(&c->lock);
    *stats = (struct mfd_virtual_stats){ .hits = c->hits,
                                         .misses = c->misses,
                                         .entries = c->entries,
                                         .bytes = c->bytes,
                                         .limit = c->limit };
    pthread_mutex_unlock(&c->lock);
}

void mfd_cache_free(struct mfd_cache *c)
{
    if (!c)
        return;
    mfd_cache_limit(c, 0);
    pthread_mutex_destroy(&c->lock);
    free(c);
}
