#include "client/mfd/compute.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

const char *const compute_parts[PARTS] = { "total", "biological", "technical" };

int compute_misuse(struct mfd_error *err, const char *fmt, ...)
{
    char text[400];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    return mfd_fail_as(err, MFD_EINVAL, "usage", "%s", text);
}

json_t *compute_options(const struct settings *set)
{
    json_t *options = json_pack("{s:s*, s:s*, s:s*}", "model", set->model, "genome", set->genome,
                                "ensemble", set->ensemble);
    const struct {
        const char *name;
        bool given;
    } flags[] = { { "pad", set->pad }, { "strict", set->strict }, { "dry_run", set->dry_run } };
    for (size_t i = 0; options && i < sizeof flags / sizeof *flags; i++)
        if (flags[i].given)
            json_object_set_new(options, flags[i].name, json_true());
    return options;
}

static json_t *strings(const struct list *list)
{
    json_t *array = json_array();
    for (size_t i = 0; array && i < list->n; i++)
        json_array_append_new(array, json_string(list->at[i]));
    return array;
}

int compute_words(json_t *options, const char *member, const struct list *words,
                  struct mfd_error *err)
{
    json_t *list = words->n ? strings(words) : NULL;
    int status = words->n && (!list || json_object_set(options, member, list) < 0)
                     ? mfd_fail_nomem(err)
                     : MFD_OK;
    json_decref(list);
    return status;
}

/* {"column": ["label", ...]} from COLUMN=LABEL,...; a column given twice has the labels of both. */
static int add_where(json_t *where, const char *entry, struct mfd_error *err)
{
    struct list labels = { 0 };
    size_t n = strcspn(entry, "=");
    int status =
        entry[n + 1] ? list_add(&labels, entry + n + 1, err) : list_add_one(&labels, "", 0, err);
    json_t *known = json_object_getn(where, entry, n), *added = strings(&labels);
    list_deinit(&labels);
    if (status == MFD_OK && (!added || (known ? json_array_extend(known, added) < 0
                                              : json_object_setn(where, entry, n, added) < 0)))
        status = mfd_fail(err, MFD_EINVAL, "'%s' is not valid UTF-8", entry);
    json_decref(added);
    return status;
}

static int add_tracks(json_t *options, const struct settings *set, struct mfd_error *err)
{
    json_t *tracks = json_object(), *where = json_object();
    int status = tracks && where ? MFD_OK : mfd_fail_nomem(err);
    for (size_t i = 0; i < set->where.n && status == MFD_OK; i++)
        status = add_where(where, set->where.at[i], err);
    if (status == MFD_OK && set->tracks.n)
        json_object_set_new(tracks, "ids", strings(&set->tracks));
    if (status == MFD_OK && set->where.n)
        json_object_set(tracks, "where", where);
    if (status == MFD_OK && set->aggregate)
        json_object_set_new(tracks, "aggregate", json_string(set->aggregate));
    if (status == MFD_OK && json_object_size(tracks))
        json_object_set(options, "tracks", tracks);
    json_decref(where);
    json_decref(tracks);
    return status;
}

int compute_track_options(json_t *options, const struct settings *set, struct mfd_error *err)
{
    if (set->components.n)
        json_object_set_new(options, "components", strings(&set->components));
    if (set->scale)
        json_object_set_new(options, "scale", json_string(set->scale));
    return add_tracks(options, set, err);
}

unsigned compute_passes(const struct settings *set)
{
    static const struct {
        const char *name;
        unsigned passes;
    } known[] = { { "none", 1 }, { "strands", 2 }, { "published", 14 } };
    for (size_t i = 0; set->ensemble && i < sizeof known / sizeof *known; i++)
        if (strcmp(known[i].name, set->ensemble) == 0)
            return known[i].passes;
    return 2; /* strands */
}

unsigned compute_variant_passes(const struct settings *set)
{
    return 2 * (set->ensemble ? compute_passes(set) : 14);
}

bool compute_names_file(const char *text)
{
    static const char *const suffixes[] = { ".gz",  ".bgz",   ".vcf", ".bcf", ".bed", ".fa",
                                            ".fna", ".fasta", ".txt", ".tsv", ".csv", ".json" };
    struct stat st;
    size_t n = strlen(text);
    if (strcmp(text, "-") == 0 || strchr(text, '/') ||
        (stat(text, &st) == 0 && !S_ISDIR(st.st_mode))) /* a folder may be called as a contig is */
        return true;
    for (size_t i = 0; i < sizeof suffixes / sizeof *suffixes; i++) {
        size_t k = strlen(suffixes[i]);
        if (n > k && strcasecmp(text + n - k, suffixes[i]) == 0)
            return true;
    }
    return false;
}

/* A sequence among the arguments: nothing else is so long and of so few letters. */
static const char *find_bases(int argc, char **argv)
{
    for (int i = 0; i < argc; i++)
        if (strlen(argv[i]) > 40 && !argv[i][strspn(argv[i], "ACGTNacgtn")])
            return argv[i];
    return NULL;
}

int compute_inputs(struct source *source, const struct settings *set, int argc, char **argv,
                   bool *sequences, struct mfd_error *err)
{
    bool file = argc == 1 && compute_names_file(argv[0]);
    if ((set->fasta != NULL) + (set->bed != NULL) + (argc > 0) > 1)
        return compute_misuse(err, "give intervals, --bed or --fasta, one of them");
    *sequences = set->fasta != NULL;
    if (set->fasta)
        return source_open(source, SOURCE_FASTA, set->fasta, err);
    if (set->bed)
        return source_open(source, SOURCE_BED, set->bed, err);
    if (find_bases(argc, argv))
        return compute_misuse(err,
                              "'%.20s...' is a sequence; sequences come as FASTA, by --fasta FILE "
                              "or on standard input",
                              find_bases(argc, argv));
    if (argc && !file) {
        source_words(source, argv, (size_t)argc);
        return MFD_OK;
    }
    if (!file && isatty(STDIN_FILENO))
        return compute_misuse(err, "name an interval such as chr20:42,984,161-42,984,444, --bed "
                                   "FILE or --fasta FILE");
    int status = source_open_any(source, file ? argv[0] : "-", ">", SOURCE_FASTA, SOURCE_BED,
                                 SOURCE_LINES, err);
    *sequences = status == MFD_OK && source->kind == SOURCE_FASTA;
    return status;
}

struct collection {
    json_t *head, *results;
};

static int on_head(void *arg, json_t *line, struct mfd_error *err)
{
    struct collection *c = arg;
    (void)err;
    c->head = json_incref(line);
    return MFD_OK;
}

static int on_result(void *arg, json_t *result, json_t *input, struct mfd_error *err)
{
    struct collection *c = arg;
    (void)input;
    return json_array_append(c->results, result) < 0 ? mfd_fail_nomem(err) : MFD_OK;
}

int compute_collect(struct app *app, const char *path, const char *member, json_t *options,
                    unsigned passes, struct source *source, json_t **head, json_t **results,
                    struct mfd_error *err)
{
    struct collection c = { .results = json_array() };
    json_t *parts = json_pack("[s,s,s]", compute_parts[TOTAL], compute_parts[BIOLOGICAL],
                              compute_parts[TECHNICAL]);
    const struct batch batch = { .app = app,
                                 .path = path,
                                 .member = member,
                                 .options = options,
                                 .passes = passes,
                                 .source = source,
                                 .arg = &c,
                                 .head = on_head,
                                 .result = on_result,
                                 .by_hand = true };
    bool ok = options && c.results && parts;
    int status = ok && json_object_set(options, "components", parts) == 0 ? batch_run(&batch, err)
                                                                          : mfd_fail_nomem(err);
    if (status == MFD_OK && !app->set.dry_run && !c.head)
        status =
            mfd_fail_as(err, MFD_EFORMAT, "bad-reply", "the server's answer has no first line");
    json_decref(parts);
    if (status < 0) {
        json_decref(c.head);
        json_decref(c.results);
        return status;
    }
    *head = c.head;
    *results = c.results;
    return MFD_OK;
}
