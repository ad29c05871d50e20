/* Any bytes as the index of a FASTA, and the names in it. */
#include <stdlib.h>
#include <string.h>

#include "core/genome/contigs.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const names[] = { "20", "chrM", "NC_000020.10", "CM000682.2", "chrUn_1" };
    struct mfd_error err = MFD_ERROR_INIT;
    struct mfd_contigs cs;
    size_t contig;
    if (mfd_contigs_parse(&cs, (const char *)data, size, "fuzz.fai", 0, &err) != MFD_OK) {
        if (!err.message[0])
            abort();
        return 0;
    }
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (mfd_contigs_resolve(&cs, names[i], strlen(names[i]), &contig, &err) == MFD_OK &&
            contig >= cs.n)
            abort();
    for (size_t i = 0; i < cs.n; i++) {
        const struct mfd_contig *c = &cs.contig[i];
        if (mfd_contigs_resolve(&cs, c->name, strlen(c->name), &contig, &err) != MFD_OK ||
            contig != i)
            abort();
        if (c->length && mfd_contig_place(c, c->length - 1) < c->offset)
            abort();
    }
    mfd_contigs_deinit(&cs);
    return 0;
}
