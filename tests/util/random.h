/* Random numbers for tests: the same on every machine, and from another start where the environment
 * sets MFD_TEST_SEED. */
#pragma once

#include <math.h>
#include <stdint.h>
#include <stdlib.h>

struct test_random {
    uint64_t state;
};

static inline struct test_random test_random_new(uint64_t seed)
{
    const char *s = getenv("MFD_TEST_SEED");
    return (struct test_random){ seed + (s ? strtoull(s, NULL, 10) * 0x100000001b3u : 0) };
}

/* splitmix64 (Steele, Lea and Flood 2014) */
static inline uint64_t test_bits(struct test_random *r)
{
    uint64_t z = r->state += 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

/* In [low, high], both included. */
static inline int64_t test_between(struct test_random *r, int64_t low, int64_t high)
{
    return low + (int64_t)(test_bits(r) % (uint64_t)(high - low + 1));
}

/* In [low, high). */
static inline double test_uniform(struct test_random *r, double low, double high)
{
    return low + (high - low) * ((double)(test_bits(r) >> 11) * 0x1p-53);
}

static inline int test_chance(struct test_random *r, double probability)
{
    return test_uniform(r, 0, 1) < probability;
}

static inline void test_fill(struct test_random *r, float *x, size_t n, double low, double high)
{
    for (size_t i = 0; i < n; i++)
        x[i] = (float)test_uniform(r, low, high);
}

/* n letters of ACGT, now and then an N or a lower-case one where `odd`. */
static inline void test_bases(struct test_random *r, char *bases, size_t n, int odd)
{
    for (size_t i = 0; i < n; i++) {
        bases[i] = "ACGT"[test_bits(r) >> 62];
        if (odd && test_chance(r, 0.01))
            bases[i] = "Nacgt"[test_between(r, 0, 4)];
    }
}
