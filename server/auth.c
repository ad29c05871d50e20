#include "server/auth.h"

#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "core/base/memory.h"
#include "server/ids.h"

#define ID_AT 4                        /* behind "mfd_" */
#define SECRET_AT (ID_AT + MFD_KEY_ID) /* behind the second underscore */
#define BIT(scope) (1u << (scope))
#define ALL_SCOPES (BIT(MFD_SCOPE_READ) | BIT(MFD_SCOPE_PREDICT) | BIT(MFD_SCOPE_ADMIN))

static const struct {
    const char *name;
    unsigned bit, grants;
} scope_names[] = {
    { "read", BIT(MFD_SCOPE_READ), BIT(MFD_SCOPE_READ) },
    { "predict", BIT(MFD_SCOPE_PREDICT), BIT(MFD_SCOPE_READ) | BIT(MFD_SCOPE_PREDICT) },
    { "admin", BIT(MFD_SCOPE_ADMIN), ALL_SCOPES },
};

struct entry {
    struct mfd_key key;
    double tokens;
    uint64_t filled_ms;
};

struct mfd_auth {
    pthread_mutex_t lock;
    bool required;
    size_t n;
    struct entry *entries;
};

struct mfd_auth *mfd_auth_new(void)
{
    struct mfd_auth *auth = mfd_calloc(1, sizeof *auth);
    if (auth)
        pthread_mutex_init(&auth->lock, NULL);
    return auth;
}

void mfd_auth_free(struct mfd_auth *auth)
{
    if (auth) {
        pthread_mutex_destroy(&auth->lock);
        free(auth->entries);
        free(auth);
    }
}

static struct entry *find(const struct mfd_auth *auth, const char *id)
{
    for (size_t i = 0; i < auth->n; i++)
        if (strcmp(auth->entries[i].key.id, id) == 0)
            return &auth->entries[i];
    return NULL;
}

int mfd_auth_load(struct mfd_auth *auth, const struct mfd_key *keys, size_t n,
                  struct mfd_error *err)
{
    struct entry *entries = mfd_calloc(n, sizeof *entries);
    if (!entries)
        return mfd_fail_nomem(err);
    pthread_mutex_lock(&auth->lock);
    for (size_t i = 0; i < n; i++) {
        const struct entry *old = find(auth, keys[i].id);
        entries[i].key = keys[i];
        entries[i].tokens = old ? old->tokens : keys[i].burst;
        entries[i].filled_ms = old ? old->filled_ms : 0;
    }
    free(auth->entries);
    auth->entries = entries;
    auth->n = n;
    pthread_mutex_unlock(&auth->lock);
    return MFD_OK;
}

void mfd_auth_require(struct mfd_auth *auth, bool required)
{
    auth->required = required;
}

bool mfd_auth_required(const struct mfd_auth *auth)
{
    return auth->required;
}

static bool usable(const struct mfd_key *key)
{
    return !key->revoked && (key->expires == 0 || key->expires > (int64_t)time(NULL));
}

size_t mfd_auth_keys(struct mfd_auth *auth)
{
    size_t n = 0;
    pthread_mutex_lock(&auth->lock);
    for (size_t i = 0; i < auth->n; i++)
        n += usable(&auth->entries[i].key);
    pthread_mutex_unlock(&auth->lock);
    return n;
}

/* Whatever the bytes, the same time. */
static bool same_digest(const char *a, const char *b)
{
    volatile unsigned char differ = 0;
    for (size_t i = 0; i < MFD_SHA256_HEX - 1; i++)
        differ |= (unsigned char)(a[i] ^ b[i]);
    return differ == 0;
}

static struct entry *identify(const struct mfd_auth *auth, const char *text)
{
    static const char nobody[MFD_SHA256_HEX] =
        "0000000000000000000000000000000000000000000000000000000000000000";
    char id[MFD_KEY_ID] = "", hash[MFD_SHA256_HEX];
    size_t n = strnlen(text, 256);
    if (n == MFD_KEY_TEXT - 1 && strncmp(text, "mfd_", 4) == 0 && text[SECRET_AT - 1] == '_')
        memcpy(id, text + ID_AT, MFD_KEY_ID - 1);
    mfd_sha256(text, n, hash);
    struct entry *entry = find(auth, id);
    bool good = same_digest(hash, entry ? entry->key.hash : nobody);
    return entry && good && usable(&entry->key) ? entry : NULL;
}

/* A token bucket: 0 where a token was taken, else the seconds until there is one. */
static unsigned take_token(struct entry *entry, uint64_t now_ms)
{
    const struct mfd_key *key = &entry->key;
    if (key->rate <= 0)
        return 0;
    double gained = (double)(now_ms - entry->filled_ms) / 1000 * key->rate;
    entry->tokens = fmin(key->burst, entry->tokens + gained);
    entry->filled_ms = now_ms;
    if (entry->tokens >= 1) {
        entry->tokens -= 1;
        return 0;
    }
    return (unsigned)ceil((1 - entry->tokens) / key->rate);
}

/* The key of "Bearer KEY"; NULL for another scheme. */
static const char *bearer(const char *authorization)
{
    if (strncasecmp(authorization, "bearer", 6) != 0 || authorization[6] != ' ')
        return NULL;
    return authorization + 7 + strspn(authorization + 7, " ");
}

static void become_anonymous(struct mfd_principal *who, const char *remote)
{
    snprintf(who->client, sizeof who->client, "ip:%s", remote);
    who->scopes = ALL_SCOPES;
    who->anonymous = true;
}

static int check(struct mfd_auth *auth, const char *authorization, const char *api_key,
                 const char *remote, enum mfd_scope scope, uint64_t now_ms,
                 struct mfd_principal *principal, struct mfd_problem *problem,
                 unsigned *retry_after)
{
    struct mfd_principal who = { 0 };
    const char *text = authorization ? bearer(authorization) : api_key;
    struct entry *entry = text ? identify(auth, text) : NULL;
    if (entry) {
        snprintf(who.client, sizeof who.client, "key:%s", entry->key.id);
        who.scopes = entry->key.scopes;
    } else {
        become_anonymous(&who, remote);
        if (auth->required)
            who.scopes = 0;
    }
    *principal = who;
    if (scope == MFD_SCOPE_NONE)
        return 0;
    if ((authorization || api_key) && !entry)
        return mfd_problem_set(
            problem, "unauthorised", NULL,
            "The API key given is not a valid one here: it may be mistyped, "
            "expired or revoked; one that was just made is known within seconds.");
    if (!entry && auth->required)
        return mfd_problem_set(problem, "unauthorised", NULL,
                               "Send an API key as 'Authorization: Bearer KEY' or 'X-API-Key: "
                               "KEY'. An administrator makes one with 'mfdd keys add'.");
    if (!(who.scopes & BIT(scope)))
        return mfd_problem_set(problem, "forbidden", NULL,
                               "This needs the scope '%s', which the API key does not have.",
                               scope_names[scope - 1].name);
    *retry_after = entry ? take_token(entry, now_ms) : 0;
    if (*retry_after)
        return mfd_problem_set(problem, "rate-limited", NULL,
                               "The API key may send %g requests a second; try again in %u s.",
                               entry->key.rate, *retry_after);
    return 0;
}

int mfd_auth_check(struct mfd_auth *auth, const char *authorization, const char *api_key,
                   const char *remote, enum mfd_scope scope, uint64_t now_ms,
                   struct mfd_principal *principal, struct mfd_problem *problem,
                   unsigned *retry_after)
{
    pthread_mutex_lock(&auth->lock);
    int status =
        check(auth, authorization, api_key, remote, scope, now_ms, principal, problem, retry_after);
    pthread_mutex_unlock(&auth->lock);
    return status;
}

double mfd_key_burst(double rate)
{
    return fmax(1, 2 * rate);
}

void mfd_key_make(struct mfd_key *key, char text[MFD_KEY_TEXT])
{
    char secret[49];
    mfd_random_hex(key->id, 6);
    mfd_random_hex(secret, 24);
    snprintf(text, MFD_KEY_TEXT, "mfd_%s_%s", key->id, secret);
    mfd_sha256(text, strlen(text), key->hash);
    key->created = (int64_t)time(NULL);
    key->revoked = false;
}

int mfd_scopes_parse(const char *text, unsigned *scopes, struct mfd_error *err)
{
    unsigned bits = 0;
    while (*text) {
        size_t n = strcspn(text, ","), i = 0;
        while (i < 3 &&
               (strlen(scope_names[i].name) != n || strncmp(scope_names[i].name, text, n) != 0))
            i++;
        if (i == 3)
            return mfd_fail(err, MFD_EINVAL,
                            "'%.*s' is not a scope; there are read, predict and admin",
                            (int)(n < 64 ? n : 64), text);
        bits |= scope_names[i].grants;
        text += n + (text[n] == ',');
    }
    if (!bits)
        return mfd_fail(err, MFD_EINVAL, "no scope given; there are read, predict and admin");
    *scopes = bits;
    return MFD_OK;
}

const char *mfd_scopes_text(unsigned scopes, char out[32])
{
    out[0] = '\0';
    for (size_t i = 0; i < 3; i++)
        if (scopes & scope_names[i].bit)
            snprintf(out + strlen(out), 32 - strlen(out), "%s%s", out[0] ? "," : "",
                     scope_names[i].name);
    return out;
}
