#include "proto/media.h"

#include <string.h>
#include <strings.h>

static const struct mfd_media_info table[MFD_MEDIA_COUNT] = {
    { MFD_MEDIA_REFGET_JSON, "application/vnd.ga4gh.refget.v2.0.0+json",
      "application/vnd.ga4gh.refget.v2.0.0+json", NULL, true },
    { MFD_MEDIA_JSON, "application/json", "application/json", "json", true },
    { MFD_MEDIA_NDJSON, "application/x-ndjson", "application/x-ndjson", "ndjson", true },
    { MFD_MEDIA_TSV, "text/tab-separated-values", "text/tab-separated-values; charset=utf-8", "tsv",
      true },
    { MFD_MEDIA_NPY, "application/x-npy", "application/x-npy", "npy", false },
    { MFD_MEDIA_VCF, "text/vcf", "text/vcf; charset=utf-8", "vcf", true },
    { MFD_MEDIA_BEDGRAPH, "text/x-bedgraph", "text/x-bedgraph; charset=utf-8", "bedgraph", true },
    { MFD_MEDIA_REFGET, "text/vnd.ga4gh.refget.v2.0.0+plain",
      "text/vnd.ga4gh.refget.v2.0.0+plain; charset=us-ascii", NULL, true },
    { MFD_MEDIA_TEXT, "text/plain", "text/plain; charset=utf-8", "text", true },
    { MFD_MEDIA_METRICS, "text/plain", "text/plain; version=0.0.4; charset=utf-8", NULL, true },
    { MFD_MEDIA_OCTETS, "application/octet-stream", "application/octet-stream", NULL, false },
    { MFD_MEDIA_PROBLEM, "application/problem+json", "application/problem+json", NULL, true },
    { MFD_MEDIA_GZIP, "application/gzip", "application/gzip", NULL, false },
};

/* Other spellings that clients use for what we read and write. */
static const struct {
    const char *type;
    enum mfd_media media;
} aliases[] = {
    { "application/ndjson", MFD_MEDIA_NDJSON },
    { "application/jsonl", MFD_MEDIA_NDJSON },
    { "application/jsonlines", MFD_MEDIA_NDJSON },
    { "text/tsv", MFD_MEDIA_TSV },
    { "application/x-gzip", MFD_MEDIA_GZIP },
    { "application/x-numpy", MFD_MEDIA_NPY },
    { "text/x-vcf", MFD_MEDIA_VCF },
    { "text/json", MFD_MEDIA_JSON },
};

const struct mfd_media_info *mfd_media_info(enum mfd_media media)
{
    for (size_t i = 0; i < MFD_MEDIA_COUNT; i++)
        if (table[i].media == media)
            return &table[i];
    return mfd_media_info(MFD_MEDIA_OCTETS);
}

/* The media of a ?format= name; MFD_MEDIA_NONE where unknown. */
static enum mfd_media named(const char *name)
{
    for (size_t i = 0; i < MFD_MEDIA_COUNT; i++)
        if (table[i].name && strcmp(table[i].name, name) == 0)
            return table[i].media;
    return MFD_MEDIA_NONE;
}

static const char *skip_blanks(const char *s)
{
    return s + strspn(s, " \t");
}

static bool same(const char *a, size_t n, const char *b)
{
    return strlen(b) == n && strncasecmp(a, b, n) == 0;
}

/* A list element up to the next comma outside quotes: its token and its q in thousandths. */
struct element {
    const char *token;
    size_t n;
    int quality;
};

/* RFC 9110 12.4.2: 0, 1, or a point and up to three digits. Anything else counts as 1. */
static int quality_of(const char *s)
{
    if (*s != '0' && *s != '1')
        return 1000;
    int q = (*s++ - '0') * 1000, unit = 100;
    if (*s == '.')
        for (s++; *s >= '0' && *s <= '9' && unit; s++, unit /= 10)
            q += (*s - '0') * unit;
    return q > 1000 ? 1000 : q;
}

static const char *skip_parameter(const char *s)
{
    bool quoted = false;
    for (; *s && (quoted || (*s != ',' && *s != ';')); s++) {
        if (*s == '\\' && quoted && s[1])
            s++;
        else if (*s == '"')
            quoted = !quoted;
    }
    return s;
}

static const char *next_element(const char *s, struct element *e)
{
    s += strspn(s, " \t,");
    if (!*s)
        return NULL;
    *e = (struct element){ .token = s, .n = strcspn(s, ",; \t"), .quality = 1000 };
    for (s = skip_blanks(s + e->n); *s == ';';) {
        s = skip_blanks(s + 1);
        if ((s[0] == 'q' || s[0] == 'Q') && s[1] == '=')
            e->quality = quality_of(s + 2);
        s = skip_parameter(s);
    }
    return *s == ',' || !*s ? s : s + strcspn(s, ",");
}

/* How exactly a range of Accept names a type: 0 not at all, 1 all, 2 the family, 3 itself. */
static int match_range(const struct element *e, const struct mfd_media_info *info)
{
    if (same(e->token, e->n, "*/*"))
        return 1;
    size_t family = strcspn(info->type, "/") + 1;
    if (e->n == family + 1 && e->token[family] == '*' &&
        strncasecmp(e->token, info->type, family) == 0)
        return 2;
    if (same(e->token, e->n, info->type))
        return 3;
    for (size_t i = 0; i < sizeof aliases / sizeof *aliases; i++)
        if (aliases[i].media == info->media && same(e->token, e->n, aliases[i].type))
            return 3;
    return 0;
}

/* Quality of one type: the most exact range decides (RFC 9110 12.5.1). */
static int quality_for(const char *accept, const struct mfd_media_info *info)
{
    struct element e;
    int best = 0, quality = 0;
    for (const char *s = accept; (s = next_element(s, &e)) != NULL;) {
        int exact = match_range(&e, info);
        if (exact > best) {
            best = exact;
            quality = e.quality;
        }
    }
    return quality;
}

enum mfd_media mfd_media_negotiate(unsigned offers, const char *accept, const char *format)
{
    if (format) {
        enum mfd_media media = named(format);
        return (offers & media) ? media : MFD_MEDIA_NONE;
    }
    bool any = !accept || !*skip_blanks(accept);
    enum mfd_media chosen = MFD_MEDIA_NONE;
    int best = 0;
    for (size_t i = 0; i < MFD_MEDIA_COUNT; i++) {
        if (!(offers & table[i].media))
            continue;
        int quality = any ? 1000 : quality_for(accept, &table[i]);
        if (quality > best) {
            best = quality;
            chosen = table[i].media;
        }
    }
    return chosen;
}

enum mfd_media mfd_media_of_body(unsigned accepts, const char *content_type)
{
    struct element e = { 0 };
    if (!content_type || !next_element(content_type, &e))
        return accepts & MFD_MEDIA_JSON ? MFD_MEDIA_JSON : MFD_MEDIA_NONE;
    /* what `curl -d` sends when nobody tells it better */
    if (same(e.token, e.n, "application/x-www-form-urlencoded"))
        return accepts & MFD_MEDIA_JSON ? MFD_MEDIA_JSON : MFD_MEDIA_NONE;
    if (same(e.token, e.n, "text/plain") && (accepts & MFD_MEDIA_VCF))
        return MFD_MEDIA_VCF;
    for (size_t i = 0; i < MFD_MEDIA_COUNT; i++)
        if ((accepts & table[i].media) && match_range(&e, &table[i]) == 3)
            return table[i].media;
    return MFD_MEDIA_NONE;
}

int mfd_media_coding_quality(const char *accept_encoding, const char *coding)
{
    struct element e;
    int star = 0;
    for (const char *s = accept_encoding; s && (s = next_element(s, &e)) != NULL;) {
        if (same(e.token, e.n, coding))
            return e.quality;
        if (same(e.token, e.n, "*"))
            star = e.quality;
    }
    return star;
}
