/* Which of the chosen tracks are the same biology seen by different laboratories. */
#include <ctype.h>
#include <string.h>
#include <stdlib.h>

#include "core/base/cleanup.h"
#include "core/base/memory.h"
#include "server/handlers/scoring_in.h"
#include "server/served.h"

/* "Library_lab", "lab", "Library.laboratory": a word that begins with lab, and no label. */
static bool names_lab(const char *name)
{
    for (const char *at = name; *at; at++) {
        bool begins = at == name || !isalnum((unsigned char)at[-1]);
        if (begins && strncasecmp(at, "lab", 3) == 0 &&
            (!isalnum((unsigned char)at[3]) || strncasecmp(at, "laboratory", 10) == 0))
            return true;
    }
    return false;
}

static size_t find_lab(const struct mfd_metadata *md)
{
    for (size_t i = 0; i < mfd_metadata_columns(md); i++)
        if (names_lab(mfd_metadata_column(md, i)))
            return i;
    return MFD_NONE;
}

/* Do two tracks agree in every column that the biological group reads? */
static bool same_biology(const struct mfd_metadata *md, size_t a, size_t b)
{
    for (size_t f = 0; f < mfd_fields_count(md); f++) {
        const struct mfd_field *field = mfd_fields_at(md, f);
        const struct mfd_field_role *role = &field->role[MFD_BIOLOGICAL];
        if ((role->direct || role->interact) &&
            strcmp(mfd_metadata_cell(md, a, field->column),
                   mfd_metadata_cell(md, b, field->column)) != 0)
            return false;
    }
    return true;
}

static bool known(const char *cell)
{
    return strcmp(cell, "nan") != 0 && strcasecmp(cell, "unknown") != 0;
}

int mfd_scoring_labs(struct mfd_scoring *s, struct mfd_problem *problem)
{
    const struct mfd_metadata *md = mfd_model_metadata(mfd_served_model(s->served));
    size_t column = md ? find_lab(md) : MFD_NONE, n = s->choice.n;
    if (!s->choice.index || s->gather != MFD_GATHER_TRACKS || column == MFD_NONE ||
        mfd_fields_count(md) == 0)
        return mfd_problem_set(problem, "unsupported", "/scores",
                               "agreement compares tracks of the model, of the same biology but "
                               "different laboratories%s",
                               column == MFD_NONE ? "; its metadata tell of no laboratory" : "");
    s->biology = mfd_calloc(n, sizeof *s->biology);
    s->lab = mfd_calloc(n, sizeof *s->lab);
    if (!s->biology || !s->lab)
        return mfd_problem_nomem(problem);
    for (size_t i = 0; i < n; i++) { /* numbered by the first track that is the same */
        const char *lab = mfd_metadata_cell(md, s->choice.index[i], column);
        s->biology[i] = s->lab[i] = (uint32_t)i;
        for (size_t j = 0; j < i && s->biology[i] == i; j++)
            if (s->biology[j] == j && same_biology(md, s->choice.index[i], s->choice.index[j]))
                s->biology[i] = (uint32_t)j;
        for (size_t j = 0; j < i && s->lab[i] == i; j++)
            if (strcmp(lab, mfd_metadata_cell(md, s->choice.index[j], column)) == 0)
                s->lab[i] = (uint32_t)j;
    }
    for (size_t i = 0; i < n; i++)
        if (!known(mfd_metadata_cell(md, s->choice.index[i], column)))
            s->biology[i] = UINT32_MAX;
    return 0;
}
