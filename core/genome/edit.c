#include "core/genome/edit.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/cleanup.h"
#include "core/base/memory.h"

#define STEP 256 /* bases read at a time while an edit moves */

void mfd_edit_deinit(struct mfd_edit *e)
{
    free(e->deleted);
    free(e->inserted);
    *e = (struct mfd_edit)MFD_EDIT_INIT;
}

int mfd_edit_bases(struct mfd_genome *genome, size_t contig, int64_t start, int64_t end,
                   char *bases, struct mfd_error *err)
{
    int status = mfd_genome_fetch(genome, contig, start, end, bases, NULL, err);
    for (int64_t i = 0; status == MFD_OK && i < end - start; i++)
        if (!memchr("ACGT", bases[i], 4))
            bases[i] = 'N';
    return status;
}

void mfd_edit_reverse_complement(char *bases, size_t n)
{
    static const char complement[128] = { ['A'] = 'T', ['C'] = 'G', ['G'] = 'C', ['T'] = 'A' };
    for (size_t i = 0; i < (n + 1) / 2; i++) {
        char first = complement[bases[i] & 127], last = complement[bases[n - 1 - i] & 127];
        bases[i] = last ? last : 'N';
        bases[n - 1 - i] = first ? first : 'N';
    }
}

int mfd_edit_of(struct mfd_edit *out, size_t contig, int64_t pos, const char *ref, const char *alt,
                struct mfd_error *err)
{
    size_t n = strlen(ref), m = strlen(alt), start = 0;
    while (n && m && ref[n - 1] == alt[m - 1]) {
        n--;
        m--;
    }
    while (start < n && start < m && ref[start] == alt[start])
        start++;
    struct mfd_edit e = {
        .contig = contig,
        .pos = pos + (int64_t)start,
        .deleted = mfd_strndup(ref + start, n - start),
        .inserted = mfd_strndup(alt + start, m - start),
        .n_deleted = n - start,
        .n_inserted = m - start,
    };
    if (!e.deleted || !e.inserted) {
        mfd_edit_deinit(&e);
        return mfd_fail_nomem(err);
    }
    *out = e;
    return MFD_OK;
}

int mfd_edit_room(const struct mfd_edit *e, struct mfd_genome *genome, bool right, int64_t *bases,
                  struct mfd_error *err)
{
    const char *moved = e->n_deleted ? e->deleted : e->inserted;
    int64_t n = (int64_t)(e->n_deleted + e->n_inserted), steps = 0;
    int64_t length = mfd_genome_contig_length(genome, e->contig);
    int64_t first =
        right ? e->pos + (int64_t)e->n_deleted : e->pos; /* next base to the right, or one
                                                            behind the next to the left */
    int64_t most = right ? length - first : first;
    char text[STEP];
    while (steps < most) {
        int64_t count = most - steps < STEP ? most - steps : STEP;
        int64_t from = right ? first + steps : first - steps - count;
        int status = mfd_edit_bases(genome, e->contig, from, from + count, text, err);
        if (status != MFD_OK)
            return status;
        for (int64_t i = 0; i < count; i++, steps++) {
            char next = right ? text[i] : text[count - 1 - i];
            if (next != moved[right ? steps % n : n - 1 - steps % n]) {
                *bases = steps;
                return MFD_OK;
            }
        }
        if (steps > MFD_MAX_SHIFT)
            return mfd_fail_as(err, MFD_ELIMIT, "over-limit",
                               "the allele can move by more than %d bases, so it has no useful "
                               "normal form",
                               MFD_MAX_SHIFT);
    }
    *bases = steps;
    return MFD_OK;
}

/* s[i] becomes s[(i + by) mod n]. */
static void rotate(char *s, size_t n, size_t by)
{
    for (size_t pass = 0; pass < 3; pass++) { /* reverse both parts, then the whole */
        size_t from = pass == 1 ? by : 0, to = pass == 0 ? by : n;
        for (; from + 1 < to; from++, to--) {
            char c = s[from];
            s[from] = s[to - 1];
            s[to - 1] = c;
        }
    }
}

int mfd_edit_shift(struct mfd_edit *e, struct mfd_genome *genome, bool right, struct mfd_error *err)
{
    int64_t bases;
    int status = mfd_edit_room(e, genome, right, &bases, err);
    if (status != MFD_OK)
        return status;
    size_t n = e->n_deleted + e->n_inserted, by = (size_t)bases % n;
    rotate(e->n_deleted ? e->deleted : e->inserted, n, right ? by : (n - by) % n);
    e->pos += right ? bases : -bases;
    return MFD_OK;
}

int mfd_edit_alleles(const struct mfd_edit *e, struct mfd_genome *genome, int64_t *pos, char **ref,
                     char **alt, struct mfd_error *err)
{
    bool anchored = e->n_deleted == 0 || e->n_inserted == 0, before = e->pos > 0;
    int64_t place = before ? e->pos - 1 : e->pos + (int64_t)e->n_deleted;
    char anchor[2] = "";
    if (anchored) {
        if (place >= mfd_genome_contig_length(genome, e->contig))
            return mfd_fail_as(err, MFD_EINVAL, "window-off-contig",
                               "contig '%.40s' has no base beside the change to anchor it on",
                               mfd_genome_contig_name(genome, e->contig));
        int status = mfd_edit_bases(genome, e->contig, place, place + 1, anchor, err);
        if (status != MFD_OK)
            return status;
    }
    struct mfd_buffer r = MFD_BUFFER_INIT, a = MFD_BUFFER_INIT;
    const char *head = before ? anchor : "", *tail = before ? "" : anchor;
    mfd_buffer_addf(&r, "%s%s%s", head, e->deleted, tail);
    mfd_buffer_addf(&a, "%s%s%s", head, e->inserted, tail);
    MFD_AUTO_FREE char *new_ref = mfd_buffer_steal(&r, NULL);
    MFD_AUTO_FREE char *new_alt = mfd_buffer_steal(&a, NULL);
    if (!new_ref || !new_alt)
        return mfd_fail_nomem(err);
    *pos = anchored && before ? place : e->pos;
    *ref = mfd_steal(new_ref);
    *alt = mfd_steal(new_alt);
    return MFD_OK;
}
