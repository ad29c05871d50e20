#include "server/keys.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "server/auth.h"
#include "server/store.h"
#include "server/utf8.h"

static int add(const struct mfd_options *o, struct mfd_store *store, struct mfd_error *err)
{
    struct mfd_key key = { .rate = o->key_rate, .burst = mfd_key_burst(o->key_rate) };
    char text[MFD_KEY_TEXT];
    size_t n = strlen(o->key_name);
    if (n == 0 || n >= sizeof key.name || !mfd_utf8_valid(o->key_name, n))
        return mfd_fail(err, MFD_EINVAL, "a key's name has 1 to %zu bytes", sizeof key.name - 1);
    int status = mfd_scopes_parse(o->key_scopes, &key.scopes, err);
    if (status < 0)
        return status;
    snprintf(key.name, sizeof key.name, "%s", o->key_name);
    mfd_key_make(&key, text);
    if (o->key_days)
        key.expires = key.created + o->key_days * 86400;
    status = mfd_store_key_add(store, &key, err);
    if (status < 0)
        return status;
    printf("%s\n", text);
    fprintf(stderr, "This is the only time that the key is shown. A running daemon takes it "
                    "within seconds.\n");
    return MFD_OK;
}

static const char *day(int64_t seconds, char out[16])
{
    time_t t = (time_t)seconds;
    struct tm tm;
    if (seconds == 0 || !gmtime_r(&t, &tm) || !strftime(out, 16, "%Y-%m-%d", &tm))
        snprintf(out, 16, "-");
    return out;
}

static int list(struct mfd_store *store, struct mfd_error *err)
{
    struct mfd_key *keys = NULL;
    size_t n = 0;
    char scopes[32], created[16], expires[16];
    int status = mfd_store_keys(store, &keys, &n, err);
    if (status < 0)
        return status;
    printf("id\tname\tscopes\trate\tcreated\texpires\tstate\n");
    for (size_t i = 0; i < n; i++) {
        bool expired = keys[i].expires && keys[i].expires <= (int64_t)time(NULL);
        printf("%s\t%s\t%s\t%g\t%s\t%s\t%s\n", keys[i].id, keys[i].name,
               mfd_scopes_text(keys[i].scopes, scopes), keys[i].rate, day(keys[i].created, created),
               day(keys[i].expires, expires),
               keys[i].revoked ? "revoked"
               : expired       ? "expired"
                               : "valid");
    }
    free(keys);
    return MFD_OK;
}

int mfd_keys_run(const struct mfd_options *o, const char *state_dir, struct mfd_error *err)
{
    struct mfd_store *store = NULL;
    int status = mfd_store_open(&store, state_dir, false, err);
    if (status < 0)
        return status;
    if (o->command == MFD_CMD_KEYS_ADD)
        status = add(o, store, err);
    else if (o->command == MFD_CMD_KEYS_LIST)
        status = list(store, err);
    else
        status = mfd_store_key_revoke(store, o->key_id, err);
    mfd_store_close(store);
    return status;
}
