#include "core/genome/assembly.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "core/base/parse.h"

/* One sequence in two assemblies; version 0 = not in that one. Lengths in bases. */
struct chromosome {
    const char *name, *refseq, *genbank;
    struct {
        int64_t length;
        int refseq, genbank; /* versions */
    } in[2];                 /* GRCh37, GRCh38 */
};

static const struct chromosome table[] = {
    { "1", "NC_000001", "CM000663", { { 249250621, 10, 1 }, { 248956422, 11, 2 } } },
    { "2", "NC_000002", "CM000664", { { 243199373, 11, 1 }, { 242193529, 12, 2 } } },
    { "3", "NC_000003", "CM000665", { { 198022430, 11, 1 }, { 198295559, 12, 2 } } },
    { "4", "NC_000004", "CM000666", { { 191154276, 11, 1 }, { 190214555, 12, 2 } } },
    { "5", "NC_000005", "CM000667", { { 180915260, 9, 1 }, { 181538259, 10, 2 } } },
    { "6", "NC_000006", "CM000668", { { 171115067, 11, 1 }, { 170805979, 12, 2 } } },
    { "7", "NC_000007", "CM000669", { { 159138663, 13, 1 }, { 159345973, 14, 2 } } },
    { "8", "NC_000008", "CM000670", { { 146364022, 10, 1 }, { 145138636, 11, 2 } } },
    { "9", "NC_000009", "CM000671", { { 141213431, 11, 1 }, { 138394717, 12, 2 } } },
    { "10", "NC_000010", "CM000672", { { 135534747, 10, 1 }, { 133797422, 11, 2 } } },
    { "11", "NC_000011", "CM000673", { { 135006516, 9, 1 }, { 135086622, 10, 2 } } },
    { "12", "NC_000012", "CM000674", { { 133851895, 11, 1 }, { 133275309, 12, 2 } } },
    { "13", "NC_000013", "CM000675", { { 115169878, 10, 1 }, { 114364328, 11, 2 } } },
    { "14", "NC_000014", "CM000676", { { 107349540, 8, 1 }, { 107043718, 9, 2 } } },
    { "15", "NC_000015", "CM000677", { { 102531392, 9, 1 }, { 101991189, 10, 2 } } },
    { "16", "NC_000016", "CM000678", { { 90354753, 9, 1 }, { 90338345, 10, 2 } } },
    { "17", "NC_000017", "CM000679", { { 81195210, 10, 1 }, { 83257441, 11, 2 } } },
    { "18", "NC_000018", "CM000680", { { 78077248, 9, 1 }, { 80373285, 10, 2 } } },
    { "19", "NC_000019", "CM000681", { { 59128983, 9, 1 }, { 58617616, 10, 2 } } },
    { "20", "NC_000020", "CM000682", { { 63025520, 10, 1 }, { 64444167, 11, 2 } } },
    { "21", "NC_000021", "CM000683", { { 48129895, 8, 1 }, { 46709983, 9, 2 } } },
    { "22", "NC_000022", "CM000684", { { 51304566, 10, 1 }, { 50818468, 11, 2 } } },
    { "X", "NC_000023", "CM000685", { { 155270560, 10, 1 }, { 156040895, 11, 2 } } },
    { "Y", "NC_000024", "CM000686", { { 59373566, 9, 1 }, { 57227415, 10, 2 } } },
    { "MT", "NC_012920", "J01415", { { 16569, 1, 2 }, { 16569, 1, 2 } } },
    /* UCSC's hg19 has another mitochondrion than GRCh37 */
    { "MT", "NC_001807", NULL, { { 16571, 4, 0 }, { 0, 0, 0 } } },
};

#define ROWS (sizeof table / sizeof *table)

const char *mfd_assembly_name(unsigned assemblies)
{
    return assemblies == MFD_GRCH37 ? "GRCh37" : assemblies == MFD_GRCH38 ? "GRCh38" : NULL;
}

unsigned mfd_assembly_named(const char *name)
{
    static const struct {
        const char *name;
        unsigned assembly;
    } names[] = {
        { "GRCh37", MFD_GRCH37 }, { "hg19", MFD_GRCH37 }, { "b37", MFD_GRCH37 },
        { "GRCh38", MFD_GRCH38 }, { "hg38", MFD_GRCH38 },
    };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcasecmp(names[i].name, name) == 0)
            return names[i].assembly;
    return 0;
}

size_t mfd_chromosome_find(const char *name, int64_t length, unsigned *assemblies)
{
    size_t found = MFD_NO_CHROMOSOME;
    *assemblies = 0;
    for (size_t row = 0; row < ROWS && !*assemblies; row++) {
        if (strcmp(table[row].name, name) != 0)
            continue;
        for (int a = 0; a < 2; a++)
            if (table[row].in[a].refseq && table[row].in[a].length == length)
                *assemblies |= 1u << a;
        if (*assemblies || found == MFD_NO_CHROMOSOME)
            found = row;
    }
    return found;
}

const char *mfd_chromosome_name(size_t row)
{
    return table[row].name;
}

bool mfd_chromosome_refseq(size_t row, unsigned assembly, char out[24])
{
    int version = assembly == MFD_GRCH37   ? table[row].in[0].refseq
                  : assembly == MFD_GRCH38 ? table[row].in[1].refseq
                                           : 0;
    if (version)
        snprintf(out, 24, "%s.%d", table[row].refseq, version);
    return version != 0;
}

static bool stem_is(const char *stem, const char *text, size_t n)
{
    return stem && strlen(stem) == n && strncasecmp(stem, text, n) == 0;
}

bool mfd_accession_parse(const char *text, size_t n, struct mfd_accession *out)
{
    const char *dot = memchr(text, '.', n);
    size_t stem = dot ? (size_t)(dot - text) : n;
    int64_t version = 0;
    if (dot && !mfd_parse_i64(dot + 1, n - stem - 1, 1, 9999, &version))
        return false;
    for (size_t row = 0; row < ROWS; row++) {
        bool refseq = stem_is(table[row].refseq, text, stem);
        if (!refseq && !stem_is(table[row].genbank, text, stem))
            continue;
        *out = (struct mfd_accession){ .row = row, .versioned = dot != NULL };
        for (int a = 0; a < 2; a++)
            if (version && version == (refseq ? table[row].in[a].refseq : table[row].in[a].genbank))
                out->assemblies |= 1u << a;
        return true;
    }
    return false;
}
