#include "core/checkpoint/mapping.h"

#include <ctype.h>
#include <stdbool.h>
#include <string.h>
#include <yaml.h>

#include "core/base/buffer.h"
#include "core/base/cleanup.h"
#include "core/base/file.h"
#include "core/base/parse.h"

#define TAG "tag:yaml.org,2002:"

struct walk {
    yaml_document_t *document;
    size_t nodes;
    struct mfd_error *err;
};

static int convert(struct walk *w, int index, size_t depth, json_t **out);

static unsigned long line_of(const yaml_node_t *node)
{
    return (unsigned long)node->start_mark.line + 1;
}

static bool one_of(const char *s, const char *const *words, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (!strcmp(s, words[i]))
            return true;
    return false;
}

/* YAML 1.1's spellings; the ones of three letters in three cases each. */
static bool is_null(const char *s)
{
    static const char *const words[] = { "", "~", "null", "Null", "NULL" };
    return one_of(s, words, sizeof words / sizeof *words);
}

static bool is_boolean(const char *s, bool *value)
{
    static const char *const yes[] = {
        "yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON"
    };
    static const char *const no[] = { "no",    "No",  "NO",  "false", "False",
                                      "FALSE", "off", "Off", "OFF" };
    *value = one_of(s, yes, sizeof yes / sizeof *yes);
    return *value || one_of(s, no, sizeof no / sizeof *no);
}

/* What YAML 1.1 makes of a plain word that starts like a number. */
enum number { NO_NUMBER, PLAIN_INTEGER, PLAIN_REAL, ODD_NUMBER };

/* Digits and underscores from s, at least one digit first. */
static size_t digits(const char *s)
{
    size_t n = 0;
    while (isdigit((unsigned char)s[n]) || (n && s[n] == '_'))
        n++;
    return n;
}

static bool is_date(const char *s)
{
    static const char form[] = "dddd-d";
    for (size_t i = 0; i < sizeof form - 1; i++)
        if (form[i] == 'd' ? !isdigit((unsigned char)s[i]) : s[i] != form[i])
            return false;
    size_t rest = strspn(s + 5, "0123456789-");
    return rest >= 3 && (!s[5 + rest] || strchr("tT \t", s[5 + rest]));
}

/* Bases other than ten, 1:30:00, infinities and dates are odd: known to YAML, of no use here. */
static enum number classify(const char *s)
{
    static const char *const odd[] = { ".inf", ".Inf", ".INF", ".nan", ".NaN", ".NAN" };
    const char *p = s + (*s == '-' || *s == '+');
    size_t whole = digits(p);
    if (one_of(p, odd, sizeof odd / sizeof *odd) || is_date(s))
        return ODD_NUMBER;
    if (whole && !p[whole])
        return *p == '0' && whole > 1 ? ODD_NUMBER : strchr(p, '_') ? ODD_NUMBER : PLAIN_INTEGER;
    if (whole && p[whole] == ':' && isdigit((unsigned char)p[whole + 1]) &&
        !p[whole + strspn(p + whole, ":0123456789._")])
        return ODD_NUMBER;
    if (*p == '0' && strchr("xXbB", p[1]) && p[1] && isxdigit((unsigned char)p[2]) &&
        !p[2 + strspn(p + 2, "0123456789abcdefABCDEF_")])
        return ODD_NUMBER;
    if (p[whole] != '.' || (!whole && !isdigit((unsigned char)p[1])))
        return NO_NUMBER;
    size_t at = whole + 1;
    at += strspn(p + at, "0123456789_");
    if ((p[at] == 'e' || p[at] == 'E') && (p[at + 1] == '-' || p[at + 1] == '+'))
        at += 2 + strspn(p + at + 2, "0123456789");
    return p[at] ? NO_NUMBER : strchr(p, '_') ? ODD_NUMBER : PLAIN_REAL;
}

static int convert_number(struct walk *w, const yaml_node_t *node, const char *s, enum number kind,
                          json_t **out)
{
    int64_t i;
    double x;
    const char *p = s + (*s == '+');
    if (kind == PLAIN_INTEGER && mfd_parse_i64(p, strlen(p), INT64_MIN, INT64_MAX, &i))
        *out = json_integer(i);
    else if (kind == PLAIN_REAL && mfd_parse_double(p, strlen(p), &x))
        *out = json_real(x);
    else
        return mfd_fail(
            w->err, MFD_EFORMAT,
            "line %lu: YAML takes '%.64s' for a number or date of a kind that is not used "
            "here; write a plain decimal number, or put text in quotes",
            line_of(node), s);
    return *out ? MFD_OK : mfd_fail_nomem(w->err);
}

static int convert_scalar(struct walk *w, const yaml_node_t *node, json_t **out)
{
    const char *s = (const char *)node->data.scalar.value, *tag = (const char *)node->tag;
    static const char *const tags[] = { TAG "str", TAG "int", TAG "float", TAG "null", TAG "bool" };
    bool truth, plain = node->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
    if (!one_of(tag, tags, sizeof tags / sizeof *tags))
        return mfd_fail(w->err, MFD_EUNSUPPORTED, "line %lu: the tag '%.64s' is not supported",
                        line_of(node), tag);
    if (memchr(s, '\0', node->data.scalar.length))
        return mfd_fail(w->err, MFD_EFORMAT, "line %lu: the text has a NUL byte", line_of(node));
    plain = plain || strcmp(tag, tags[0]) != 0;
    enum number kind = plain ? classify(s) : NO_NUMBER;
    if (kind != NO_NUMBER)
        return convert_number(w, node, s, kind, out);
    if (plain && is_null(s))
        *out = json_null();
    else if (plain && is_boolean(s, &truth))
        *out = json_boolean(truth);
    else
        *out = json_stringn(s, node->data.scalar.length);
    return *out ? MFD_OK : mfd_fail_nomem(w->err);
}

static int convert_sequence(struct walk *w, const yaml_node_t *node, size_t depth, json_t **out)
{
    json_t *list = json_array();
    int status = list ? MFD_OK : mfd_fail_nomem(w->err);
    for (const yaml_node_item_t *i = node->data.sequence.items.start;
         !status && i < node->data.sequence.items.top; i++) {
        json_t *item = NULL;
        status = convert(w, *i, depth + 1, &item);
        if (!status && json_array_append_new(list, item))
            status = mfd_fail_nomem(w->err);
    }
    if (status)
        json_decref(list);
    else
        *out = list;
    return status;
}

/* A key must be text and new. */
static int check_key(struct walk *w, const yaml_node_t *node, const json_t *object,
                     const json_t *key)
{
    const char *s = json_string_value(key);
    if (!s)
        return mfd_fail(w->err, MFD_EFORMAT, "line %lu: a key is no text; put it in quotes",
                        line_of(node));
    if (!strcmp(s, "<<"))
        return mfd_fail(w->err, MFD_EUNSUPPORTED,
                        "line %lu: merge keys (<<) are not supported; write the keys out",
                        line_of(node));
    if (json_object_get(object, s))
        return mfd_fail(w->err, MFD_EFORMAT, "line %lu: key '%.64s' is given twice", line_of(node),
                        s);
    return MFD_OK;
}

static int convert_pair(struct walk *w, const yaml_node_pair_t *pair, size_t depth, json_t *object)
{
    json_t *key = NULL, *value = NULL;
    const yaml_node_t *node = yaml_document_get_node(w->document, pair->key);
    int status = convert(w, pair->key, depth + 1, &key);
    if (!status)
        status = check_key(w, node, object, key);
    if (!status)
        status = convert(w, pair->value, depth + 1, &value);
    if (!status && json_object_set(object, json_string_value(key), value))
        status = mfd_fail_nomem(w->err);
    json_decref(key);
    json_decref(value);
    return status;
}

static int convert_mapping(struct walk *w, const yaml_node_t *node, size_t depth, json_t **out)
{
    json_t *object = json_object();
    int status = object ? MFD_OK : mfd_fail_nomem(w->err);
    for (const yaml_node_pair_t *p = node->data.mapping.pairs.start;
         !status && p < node->data.mapping.pairs.top; p++)
        status = convert_pair(w, p, depth, object);
    if (status)
        json_decref(object);
    else
        *out = object;
    return status;
}

/* Aliases are the same node met again: count visits, not nodes. */
static int convert(struct walk *w, int index, size_t depth, json_t **out)
{
    const yaml_node_t *node = yaml_document_get_node(w->document, index);
    if (!node)
        return mfd_fail(w->err, MFD_EFORMAT, "the YAML document refers to nothing");
    if (++w->nodes > MFD_MAX_YAML_NODES)
        return mfd_fail(
            w->err, MFD_ELIMIT,
            "line %lu: the file holds more than %d values once its aliases are followed",
            line_of(node), MFD_MAX_YAML_NODES);
    if (depth > MFD_MAX_YAML_DEPTH)
        return mfd_fail(w->err, MFD_ELIMIT, "line %lu: nested more than %d deep", line_of(node),
                        MFD_MAX_YAML_DEPTH);
    const char *tag = (const char *)node->tag;
    if (node->type == YAML_SCALAR_NODE)
        return convert_scalar(w, node, out);
    if (strcmp(tag, node->type == YAML_SEQUENCE_NODE ? TAG "seq" : TAG "map"))
        return mfd_fail(w->err, MFD_EUNSUPPORTED, "line %lu: the tag '%.64s' is not supported",
                        line_of(node), tag);
    return node->type == YAML_SEQUENCE_NODE ? convert_sequence(w, node, depth, out)
                                            : convert_mapping(w, node, depth, out);
}

static int fail_parser(const yaml_parser_t *parser, struct mfd_error *err)
{
    if (parser->error == YAML_MEMORY_ERROR)
        return mfd_fail_nomem(err);
    if (parser->error == YAML_READER_ERROR)
        return mfd_fail(err, MFD_EFORMAT, "byte %zu: %s", parser->problem_offset,
                        parser->problem ? parser->problem : "not text");
    return mfd_fail(err, MFD_EFORMAT, "line %lu: %s%s%s",
                    (unsigned long)parser->problem_mark.line + 1,
                    parser->context ? parser->context : "", parser->context ? ": " : "",
                    parser->problem ? parser->problem : "not YAML");
}

/* The one document of the file. */
static int convert_document(yaml_parser_t *parser, json_t **out, struct mfd_error *err)
{
    yaml_document_t document, next;
    if (!yaml_parser_load(parser, &document))
        return fail_parser(parser, err);
    json_t *json = NULL;
    struct walk w = { .document = &document, .err = err };
    int status = yaml_document_get_root_node(&document)
                     ? convert(&w, 1, 0, &json)
                     : mfd_fail(err, MFD_EFORMAT, "the file is empty");
    yaml_document_delete(&document);
    if (!status && !yaml_parser_load(parser, &next)) {
        status = fail_parser(parser, err);
    } else if (!status) {
        if (yaml_document_get_root_node(&next))
            status = mfd_fail(err, MFD_EFORMAT, "the file holds more than one YAML document");
        yaml_document_delete(&next);
    }
    if (status)
        json_decref(json);
    else
        *out = json;
    return status;
}

/* The document as JSON, unchecked beyond YAML itself; *out is a new reference. */
static int yaml_to_json(json_t **out, const char *text, size_t n, struct mfd_error *err)
{
    yaml_parser_t parser;
    if (n > MFD_MAX_YAML)
        return mfd_fail(err, MFD_ELIMIT, "the mapping has %zu bytes; the limit is %zu", n,
                        MFD_MAX_YAML);
    if (!yaml_parser_initialize(&parser))
        return mfd_fail_nomem(err);
    if (n >= 3 && !memcmp(text, "\xef\xbb\xbf",
                          3)) { /* libyaml looks for it only if it may guess the encoding */
        text += 3;
        n -= 3;
    }
    yaml_parser_set_encoding(&parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&parser, (const unsigned char *)text, n);
    int status = convert_document(&parser, out, err);
    yaml_parser_delete(&parser);
    return status;
}

int mfd_mapping_parse(struct mfd_mapping **out, const char *text, size_t n, struct mfd_error *err)
{
    json_t *json = NULL;
    int status = yaml_to_json(&json, text, n, err);
    if (status)
        return mfd_fail_prefix(err, status, "mapping");
    status = mfd_mapping_from_json(out, json, err);
    json_decref(json);
    return status;
}

int mfd_mapping_load(struct mfd_mapping **out, const char *path, struct mfd_error *err)
{
    struct mfd_buffer text = MFD_BUFFER_INIT;
    int status = mfd_file_read(path, MFD_MAX_YAML, &text, err);
    if (!status) {
        status = mfd_mapping_parse(out, text.data ? text.data : "", text.len, err);
        if (status)
            mfd_fail_prefix(err, status, "%s", path);
    }
    mfd_buffer_deinit(&text);
    return status;
}
