#include "tests/util/test.h"

#include <stdio.h>

#include "server/places.h"

static void take(struct mfd_places *p, const char *client, size_t n)
{
    struct mfd_error err = MFD_ERROR_INIT;
    for (size_t i = 0; i < n; i++)
        assert_int_equal(mfd_places_take(p, client, &err), MFD_OK);
}

static void assert_full(struct mfd_places *p, const char *client)
{
    struct mfd_error err = MFD_ERROR_INIT;
    size_t taken = p->taken;
    assert_int_equal(mfd_places_take(p, client, &err), MFD_EBUSY);
    assert_string_equal(err.slug, "queue-full");
    assert_int_equal(p->taken, taken);
}

static void an_eighth_of_the_places_is_kept_from_any_single_client(void **state)
{
    (void)state;
    struct mfd_places p = { .most = 16 };
    take(&p, "ip:1", 14);
    assert_full(&p, "ip:1");
    take(&p, "ip:2", 2);
    assert_full(&p, "ip:3");
    mfd_places_deinit(&p);
}

static void a_place_that_is_given_back_is_anybodys(void **state)
{
    (void)state;
    struct mfd_places p = { .most = 2 };
    take(&p, "ip:1", 2);
    assert_full(&p, "ip:2");
    mfd_places_give_back(&p, "ip:3"); /* who has none gives none */
    assert_full(&p, "ip:2");
    mfd_places_give_back(&p, "ip:1");
    take(&p, "ip:2", 1);
    assert_full(&p, "ip:1");
    mfd_places_deinit(&p);
}

static void every_client_has_its_own_however_many_come_and_go(void **state)
{
    (void)state;
    struct mfd_places p = { .most = 1000 };
    char client[16];
    for (int i = 0; i < 100; i++) {
        snprintf(client, sizeof client, "ip:%d", i);
        take(&p, client, 2);
    }
    for (int i = 0; i < 100; i += 2) { /* the last takes the room of one that left */
        snprintf(client, sizeof client, "ip:%d", i);
        mfd_places_give_back(&p, client);
        mfd_places_give_back(&p, client);
    }
    assert_int_equal(p.taken, 100);
    assert_int_equal(p.n_guests, 50);
    take(&p, "ip:99", 873);
    assert_full(&p, "ip:99");
    mfd_places_deinit(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_eighth_of_the_places_is_kept_from_any_single_client),
        cmocka_unit_test(a_place_that_is_given_back_is_anybodys),
        cmocka_unit_test(every_client_has_its_own_however_many_come_and_go),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
