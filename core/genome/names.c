/* Contigs by what people call them. */

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "core/base/buffer.h"
#include "core/base/cleanup.h"
#include "core/base/memory.h"
#include "core/genome/assembly.h"
#include "core/genome/contigs.h"
#include "core/genome/quote.h"

#define CLOSEST 5
#define COMPARED 64 /* bytes of a name that edit distances look at */

/* First place in a sorted list of contigs whose name or key is not before `text`. */
static size_t lower_bound(const struct mfd_contigs *cs, const size_t *order, bool keys,
                          const char *text)
{
    size_t low = 0, high = cs->n;
    while (low < high) {
        size_t mid = low + (high - low) / 2;
        const struct mfd_contig *c = &cs->contig[order[mid]];
        if (strcmp(keys ? c->key : c->name, text) < 0)
            low = mid + 1;
        else
            high = mid;
    }
    return low;
}

static size_t find_exact(const struct mfd_contigs *cs, const char *name)
{
    size_t at = lower_bound(cs, cs->by_name, false, name);
    return at < cs->n && strcmp(cs->contig[cs->by_name[at]].name, name) == 0 ? cs->by_name[at]
                                                                             : (size_t)-1;
}

/* Contigs of one key, and those that are the chromosome of that name under an accession: the first,
 * and how many there are. */
static size_t find_key(const struct mfd_contigs *cs, const char *key, size_t *count)
{
    size_t found = (size_t)-1;
    *count = 0;
    for (size_t at = lower_bound(cs, cs->by_key, true, key);
         at < cs->n && strcmp(cs->contig[cs->by_key[at]].key, key) == 0; at++)
        if ((*count)++ == 0)
            found = cs->by_key[at];
    unsigned unused;
    if (*count || mfd_chromosome_find(key, 0, &unused) == MFD_NO_CHROMOSOME)
        return found;
    for (size_t i = 0; i < cs->n; i++)
        if (cs->contig[i].chromosome != MFD_NO_CHROMOSOME &&
            strcmp(mfd_chromosome_name(cs->contig[i].chromosome), key) == 0 && (*count)++ == 0)
            found = i;
    return found;
}

/* Levenshtein distance of the first bytes of two keys. */
static unsigned distance(const char *a, const char *b)
{
    unsigned row[COMPARED + 1];
    size_t n = strnlen(b, COMPARED);
    for (size_t j = 0; j <= n; j++)
        row[j] = (unsigned)j;
    for (size_t i = 0; i < COMPARED && a[i]; i++) {
        unsigned diagonal = row[0];
        row[0] = (unsigned)i + 1;
        for (size_t j = 0; j < n; j++) {
            unsigned best = diagonal + (a[i] != b[j]);
            diagonal = row[j + 1];
            if (row[j] + 1 < best)
                best = row[j] + 1;
            if (diagonal + 1 < best)
                best = diagonal + 1;
            row[j + 1] = best;
        }
    }
    return row[n];
}

/* "closest: chr2, chr20, chr21", nearest first, equals by name. */
static void add_closest(const struct mfd_contigs *cs, const char *key, struct mfd_buffer *out)
{
    struct {
        size_t contig;
        unsigned distance;
    } best[CLOSEST];
    size_t n = 0, length = strnlen(key, COMPARED);
    for (size_t k = 0; k < cs->n; k++) {
        size_t i = cs->by_name[k], at = n, other = strnlen(cs->contig[i].key, COMPARED);
        /* at least the difference of the lengths: spares most of the work in genomes with thousands
         * of scaffolds */
        size_t least = length > other ? length - other : other - length;
        if (n == CLOSEST && least >= best[n - 1].distance)
            continue;
        unsigned d = distance(key, cs->contig[i].key);
        while (at > 0 && best[at - 1].distance > d)
            at--;
        if (at == CLOSEST)
            continue;
        n += n < CLOSEST;
        memmove(best + at + 1, best + at, (n - at - 1) * sizeof *best);
        best[at].contig = i;
        best[at].distance = d;
    }
    mfd_buffer_adds(out, cs->n <= CLOSEST ? "it has: " : "closest: ");
    for (size_t k = 0; k < n; k++)
        mfd_buffer_addf(out, "%s%.40s", k ? ", " : "", cs->contig[best[k].contig].name);
}

static int unknown(const struct mfd_contigs *cs, const char *name, size_t n, const char *key,
                   struct mfd_error *err)
{
    if (!err)
        return MFD_ENOTFOUND;
    MFD_CLEANUP(mfd_buffer_deinit) struct mfd_buffer list = MFD_BUFFER_INIT;
    add_closest(cs, key, &list);
    return mfd_fail_as(err, MFD_ENOTFOUND, "contig-unknown", "contig %s is not in the genome; %s",
                       mfd_quote(name, n).text, list.data ? list.data : "");
}

/* An accession means one sequence of one assembly, so the contig must be of that assembly. */
static int resolve_accession(const struct mfd_contigs *cs, const char *text, size_t n,
                             const struct mfd_accession *accession, size_t *contig,
                             struct mfd_error *err)
{
    const char *chromosome = mfd_chromosome_name(accession->row);
    struct mfd_quoted quoted = mfd_quote(text, n);
    size_t count, found = find_key(cs, chromosome, &count);
    if (count == 0)
        return unknown(cs, text, n, chromosome, err);
    const struct mfd_contig *c = &cs->contig[found];
    if (!accession->versioned)
        return mfd_fail_as(err, MFD_ENOTFOUND, "contig-unknown",
                           "%s lacks the version that tells the assembly; name the contig '%.40s' "
                           "or give the whole accession",
                           quoted.text, c->name);
    if (!accession->assemblies)
        return mfd_fail_as(err, MFD_ENOTFOUND, "contig-unknown",
                           "%s is chromosome %s of neither GRCh37 nor GRCh38", quoted.text,
                           chromosome);
    unsigned own = mfd_contig_assemblies(cs, found);
    const char *wanted = mfd_assembly_name(accession->assemblies);
    if (!own)
        return mfd_fail_as(err, MFD_ENOTFOUND, "contig-unknown",
                           "%s is chromosome %s of %s, and %lld bases do not tell which assembly "
                           "contig '%.40s' is of; use the contig's name, or state the genome's "
                           "assembly",
                           quoted.text, chromosome, wanted ? wanted : "both assemblies",
                           (long long)c->length, c->name);
    if (!(own & accession->assemblies) || (c->chromosome != accession->row && c->assemblies)) {
        const char *is = mfd_assembly_name(own);
        return mfd_fail_as(err, MFD_ENOTFOUND, "contig-unknown",
                           "%s is chromosome %s of %s, but contig '%.40s' (%lld bases) is %s's; "
                           "lift the coordinates over, or use a genome of the other assembly",
                           quoted.text, chromosome, wanted ? wanted : "both assemblies", c->name,
                           (long long)c->length, is ? is : "another sequence");
    }
    *contig = found;
    return MFD_OK;
}

int mfd_contigs_resolve(const struct mfd_contigs *contigs, const char *name, size_t n,
                        size_t *contig, struct mfd_error *err)
{
    if (n == 0 || memchr(name, '\0', n))
        return mfd_fail_as(err, MFD_ENOTFOUND, "contig-unknown", "%s is not the name of a contig",
                           mfd_quote(name, n).text);
    MFD_AUTO_FREE char *exact = mfd_strndup(name, n);
    MFD_AUTO_FREE char *key = mfd_name_key(name, n);
    if (!exact || !key)
        return mfd_fail_nomem(err);
    size_t found = find_exact(contigs, exact), count;
    struct mfd_accession accession;
    if (found == (size_t)-1 && mfd_accession_parse(name, n, &accession))
        return resolve_accession(contigs, name, n, &accession, contig, err);
    if (found == (size_t)-1) {
        found = find_key(contigs, key, &count);
        if (count == 0)
            return unknown(contigs, name, n, key, err);
        if (count > 1)
            return mfd_fail_as(err, MFD_ENOTFOUND, "contig-unknown",
                               "contig %s may be any of %zu contigs of the genome, '%.40s' among "
                               "them; write its name as the FASTA does",
                               mfd_quote(name, n).text, count, contigs->contig[found].name);
    }
    *contig = found;
    return MFD_OK;
}
