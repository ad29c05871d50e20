#include "tests/util/test.h"

#include <stdio.h>
#include <time.h>

#include "server/auth.h"

struct asked {
    struct mfd_principal who;
    struct mfd_problem problem;
    unsigned retry;
};

static int ask(struct mfd_auth *auth, const char *key, enum mfd_scope scope, uint64_t now,
               struct asked *a)
{
    *a = (struct asked){ 0 };
    return mfd_auth_check(auth, NULL, key, "192.0.2.1", scope, now, &a->who, &a->problem,
                          &a->retry);
}

static struct mfd_auth *with_key(struct mfd_key *key, char text[MFD_KEY_TEXT])
{
    struct mfd_error err = MFD_ERROR_INIT;
    struct mfd_auth *auth = mfd_auth_new();
    mfd_key_make(key, text);
    assert_int_equal(mfd_auth_load(auth, key, 1, &err), MFD_OK);
    mfd_auth_require(auth, true);
    return auth;
}

static void a_key_opens_what_its_scopes_say(void **state)
{
    (void)state;
    struct mfd_key key = { 0 };
    struct mfd_error err = MFD_ERROR_INIT;
    struct asked a;
    char text[MFD_KEY_TEXT], client[80];
    assert_int_equal(mfd_scopes_parse("predict", &key.scopes, &err), MFD_OK);
    struct mfd_auth *auth = with_key(&key, text);
    assert_int_equal(strlen(text), MFD_KEY_TEXT - 1);
    assert_int_equal(ask(auth, text, MFD_SCOPE_READ, 0, &a), 0);
    snprintf(client, sizeof client, "key:%s", key.id);
    assert_string_equal(a.who.client, client);
    assert_int_equal(ask(auth, text, MFD_SCOPE_PREDICT, 0, &a), 0);
    assert_int_not_equal(ask(auth, text, MFD_SCOPE_ADMIN, 0, &a), 0);
    assert_int_equal(a.problem.status, 403);
    assert_int_equal(ask(auth, NULL, MFD_SCOPE_NONE, 0, &a), 0);
    assert_int_not_equal(ask(auth, NULL, MFD_SCOPE_READ, 0, &a), 0);
    assert_int_equal(a.problem.status, 401);
    mfd_auth_free(auth);
}

static void every_wrong_digit_is_refused(void **state)
{
    (void)state;
    struct mfd_key key = { .scopes = ~0u };
    struct asked a;
    char text[MFD_KEY_TEXT], wrong[MFD_KEY_TEXT];
    struct mfd_auth *auth = with_key(&key, text);
    for (size_t i = 0; i < MFD_KEY_TEXT - 1; i++) {
        memcpy(wrong, text, sizeof wrong);
        wrong[i] = wrong[i] == 'a' ? 'b' : 'a';
        assert_int_not_equal(ask(auth, wrong, MFD_SCOPE_READ, 0, &a), 0);
    }
    assert_int_not_equal(ask(auth, "", MFD_SCOPE_READ, 0, &a), 0);
    assert_int_equal(ask(auth, text, MFD_SCOPE_READ, 0, &a), 0);
    mfd_auth_free(auth);
}

static void revoked_and_expired_keys_open_nothing(void **state)
{
    (void)state;
    struct mfd_key key = { .scopes = ~0u };
    struct mfd_error err = MFD_ERROR_INIT;
    struct asked a;
    char text[MFD_KEY_TEXT];
    struct mfd_auth *auth = with_key(&key, text);
    key.revoked = true;
    assert_int_equal(mfd_auth_load(auth, &key, 1, &err), MFD_OK);
    assert_int_equal(mfd_auth_keys(auth), 0);
    assert_int_not_equal(ask(auth, text, MFD_SCOPE_READ, 0, &a), 0);
    key.revoked = false;
    key.expires = (int64_t)time(NULL) - 1;
    assert_int_equal(mfd_auth_load(auth, &key, 1, &err), MFD_OK);
    assert_int_not_equal(ask(auth, text, MFD_SCOPE_READ, 0, &a), 0);
    key.expires = (int64_t)time(NULL) + 1000;
    assert_int_equal(mfd_auth_load(auth, &key, 1, &err), MFD_OK);
    assert_int_equal(ask(auth, text, MFD_SCOPE_READ, 0, &a), 0);
    mfd_auth_free(auth);
}

static void a_rate_lets_a_burst_through_and_then_drops(void **state)
{
    (void)state;
    struct mfd_key key = { .scopes = ~0u, .rate = 10, .burst = 5 };
    struct mfd_error err = MFD_ERROR_INIT;
    struct asked a;
    char text[MFD_KEY_TEXT];
    struct mfd_auth *auth = with_key(&key, text);
    for (int i = 0; i < 5; i++)
        assert_int_equal(ask(auth, text, MFD_SCOPE_READ, 100000, &a), 0);
    assert_int_not_equal(ask(auth, text, MFD_SCOPE_READ, 100000, &a), 0);
    assert_int_equal(a.problem.status, 429);
    assert_int_equal(a.retry, 1);
    assert_int_equal(mfd_auth_load(auth, &key, 1, &err), MFD_OK); /* a reload gives nothing away */
    assert_int_not_equal(ask(auth, text, MFD_SCOPE_READ, 100050, &a), 0);
    assert_int_equal(ask(auth, text, MFD_SCOPE_READ, 100100, &a), 0);
    assert_int_not_equal(ask(auth, text, MFD_SCOPE_READ, 100101, &a), 0);
    mfd_auth_free(auth);
}

static void without_need_of_keys_everyone_may_but_a_wrong_key_is_told(void **state)
{
    (void)state;
    struct mfd_auth *auth = mfd_auth_new();
    struct asked a;
    assert_int_equal(ask(auth, NULL, MFD_SCOPE_ADMIN, 0, &a), 0);
    assert_string_equal(a.who.client, "ip:192.0.2.1");
    assert_true(a.who.anonymous);
    assert_int_not_equal(ask(auth, "mfd_x", MFD_SCOPE_READ, 0, &a), 0);
    mfd_auth_free(auth);
}

static void scopes_are_words(void **state)
{
    (void)state;
    struct mfd_error err = MFD_ERROR_INIT;
    unsigned scopes = 0;
    char text[32];
    assert_int_equal(mfd_scopes_parse("admin", &scopes, &err), MFD_OK);
    assert_string_equal(mfd_scopes_text(scopes, text), "read,predict,admin");
    assert_int_equal(mfd_scopes_parse("read", &scopes, &err), MFD_OK);
    assert_string_equal(mfd_scopes_text(scopes, text), "read");
    assert_int_equal(mfd_scopes_parse("reads", &scopes, &err), MFD_EINVAL);
    assert_int_equal(mfd_scopes_parse("", &scopes, &err), MFD_EINVAL);
    assert_int_equal(mfd_scopes_parse("read,,predict", &scopes, &err), MFD_EINVAL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_key_opens_what_its_scopes_say),
        cmocka_unit_test(every_wrong_digit_is_refused),
        cmocka_unit_test(revoked_and_expired_keys_open_nothing),
        cmocka_unit_test(a_rate_lets_a_burst_through_and_then_drops),
        cmocka_unit_test(without_need_of_keys_everyone_may_but_a_wrong_key_is_told),
        cmocka_unit_test(scopes_are_words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
