/* Stands in for libFuzzer: feeds a target every file of the directories given, and for each file a
 * fixed number of mutations (cut short, bytes changed, stretches doubled) that are the same in
 * every run. Each input lies in a block of exactly its size, so that a sanitizer sees one byte too
 * far. */
#include <dirent.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "core/base/buffer.h"
#include "core/base/cleanup.h"
#include "core/base/file.h"

#define INPUT_LIMIT (4u << 20)    /* bytes; corpora are small files */
#define MUTATIONS 200             /* a file */
#define MUTATED_BYTES (32u << 20) /* and no more than this many bytes of them, for large files */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint64_t next_random(uint64_t *state)
{
    /* splitmix64 (Steele, Lea and Flood 2014) */
    uint64_t z = (*state += 0x9e3779b97f4a7c15u);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

static void feed(const uint8_t *data, size_t size)
{
    MFD_AUTO_FREE uint8_t *copy = malloc(size ? size : 1);
    if (!copy)
        abort();
    if (size)
        memcpy(copy, data, size);
    LLVMFuzzerTestOneInput(copy, size);
}

static void feed_mutations(const uint8_t *data, size_t size)
{
    static const char nasty[] = "\0\xff\x7f\x80\"{[,\n-9N";
    MFD_AUTO_FREE uint8_t *m = malloc(2 * size + 1);
    if (!m)
        abort();
    uint64_t state = size;
    for (size_t i = 0, fed = 0; size && i < MUTATIONS && fed < MUTATED_BYTES; i++) {
        size_t n = size, at = next_random(&state) % size;
        memcpy(m, data, size);
        switch (i % 4) {
        case 0: /* cut short */
            n = at;
            break;
        case 1: /* a nasty byte */
            m[at] = (uint8_t)nasty[next_random(&state) % (sizeof nasty - 1)];
            break;
        case 2: /* a few bits */
            for (int k = 0; k < 4; k++)
                m[next_random(&state) % size] ^= (uint8_t)(1u << next_random(&state) % 8);
            break;
        case 3: /* a stretch twice */
            memcpy(m + at, data, size - at);
            memcpy(m + size, data + (size - at), at);
            n = size + next_random(&state) % (at + 1);
            break;
        }
        feed(m, n);
        fed += n;
    }
}

static bool replay_file(const char *path)
{
    struct mfd_error err = MFD_ERROR_INIT;
    MFD_CLEANUP(mfd_buffer_deinit) struct mfd_buffer b = MFD_BUFFER_INIT;
    if (mfd_file_read(path, INPUT_LIMIT, &b, &err) != MFD_OK) {
        fprintf(stderr, "%s\n", err.message);
        return false;
    }
    /* a name to find the culprit by where the target aborts */
    fprintf(stderr, "replaying %s (%zu bytes)\n", path, b.len);
    feed((const uint8_t *)b.data, b.len);
    feed_mutations((const uint8_t *)b.data, b.len);
    return true;
}

/* Files fed, or -1. */
static int replay_directory(const char *dir)
{
    struct dirent **entries;
    int n = scandir(dir, &entries, NULL, alphasort), fed = 0;
    if (n < 0)
        perror(dir);
    for (int i = 0; i < n; i++) {
        char path[4096];
        struct stat st;
        snprintf(path, sizeof path, "%s/%s", dir, entries[i]->d_name);
        if (fed >= 0 && stat(path, &st) == 0 && S_ISREG(st.st_mode))
            fed = replay_file(path) ? fed + 1 : -1;
        free(entries[i]);
    }
    if (n >= 0)
        free(entries);
    return n < 0 ? -1 : fed;
}

int main(int argc, char **argv)
{
    int total = 0;
    for (int i = 1; i < argc; i++) {
        int fed = replay_directory(argv[i]);
        if (fed < 0)
            return 1;
        total += fed;
    }
    if (total == 0) {
        fprintf(stderr, "no inputs: a corpus needs at least one file\n");
        return 1;
    }
    printf("%d files and mutations of each\n", total);
    return 0;
}
