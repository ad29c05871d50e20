/* Who may do what: API keys, their scopes and rates.
 *
 * A key reads "mfd_ID_SECRET": ID (12 hex digits) finds the row, SECRET (48 hex digits, 192 random
 * bits) proves it. Only the SHA-256 of the whole key is stored; a random secret of that size needs
 * no slow hash. Digests are compared in constant time, and an unknown ID costs the same comparison.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/error.h"
#include "core/base/sha256.h"
#include "proto/problem.h"

enum mfd_scope {
    MFD_SCOPE_NONE,    /* anyone, even where keys are required: health, contract */
    MFD_SCOPE_READ,    /* look at models, tracks, genomes */
    MFD_SCOPE_PREDICT, /* run models */
    MFD_SCOPE_ADMIN,   /* change models and keys */
};

#define MFD_KEY_ID 13   /* with the NUL */
#define MFD_KEY_TEXT 66 /* "mfd_" 12 "_" 48 and the NUL */
#define MFD_KEY_NAME 64

/* One key as stored. */
struct mfd_key {
    char id[MFD_KEY_ID];
    char name[MFD_KEY_NAME];
    char hash[MFD_SHA256_HEX];
    unsigned scopes;    /* bits 1 << enum mfd_scope */
    double rate, burst; /* requests a second and at once; rate 0: no limit */
    int64_t created;    /* Unix seconds */
    int64_t expires;    /* 0: never */
    bool revoked;
};

/* Who a request comes from. */
struct mfd_principal {
    char client[80]; /* "key:ID" or "ip:ADDRESS" */
    unsigned scopes;
    bool anonymous;
};

struct mfd_auth; /* any thread */

struct mfd_auth *mfd_auth_new(void);
void mfd_auth_free(struct mfd_auth *auth);
/* Replace all keys (copied); what is left of their rates stays. */
int mfd_auth_load(struct mfd_auth *auth, const struct mfd_key *keys, size_t n,
                  struct mfd_error *err) MFD_MUST_CHECK;
/* Before requests come. Where no key is required everyone is an anonymous client with every scope.
 * A key that is given is checked all the same. */
void mfd_auth_require(struct mfd_auth *auth, bool required);
bool mfd_auth_required(const struct mfd_auth *auth);
size_t mfd_auth_keys(struct mfd_auth *auth); /* usable ones */

/* Decide. `authorization` and `api_key` are headers or NULL; `remote` is the address without port;
 * `now_ms` a monotonic clock. Non-zero with 401, 403 or 429 in `problem`; *retry_after (seconds)
 * for the last. */
int mfd_auth_check(struct mfd_auth *auth, const char *authorization, const char *api_key,
                   const char *remote, enum mfd_scope scope, uint64_t now_ms,
                   struct mfd_principal *principal, struct mfd_problem *problem,
                   unsigned *retry_after) MFD_MUST_CHECK;

/* Requests at once that a key of that rate may send: of two seconds, and one at least. */
double mfd_key_burst(double rate);
/* Make a key: fills id, hash and created, and writes the text that is shown once. */
void mfd_key_make(struct mfd_key *key, char text[MFD_KEY_TEXT]);
/* "read,predict" to bits and back; admin implies the others. MFD_EINVAL names the unknown word. */
int mfd_scopes_parse(const char *text, unsigned *scopes, struct mfd_error *err) MFD_MUST_CHECK;
const char *mfd_scopes_text(unsigned scopes, char out[32]);
