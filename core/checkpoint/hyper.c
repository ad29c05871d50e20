#include "core/checkpoint/hyper.h"

#include <math.h>

#include "core/checkpoint/ndarray.h"

#define MAX_DEPTH 16
#define MAX_PARTS 2000000 /* a pickle may name the same list many times */

struct walk {
    size_t parts;
    bool over; /* a limit was met */
};

static json_t *convert(struct walk *w, const struct mfd_pickle_value *v, int depth);

static json_t *convert_list(struct walk *w, const struct mfd_pickle_items *items, int depth)
{
    json_t *list = json_array();
    for (size_t i = 0; i < items->n; i++) {
        json_t *part = convert(w, items->at[i], depth + 1);
        if (!part || json_array_append_new(list, part)) {
            json_decref(list); /* a list with holes would say something else */
            return NULL;
        }
    }
    return list;
}

static json_t *convert_dict(struct walk *w, const struct mfd_pickle_items *items, int depth)
{
    json_t *dict = json_object();
    for (size_t i = 0; i + 1 < items->n; i += 2) {
        const struct mfd_pickle_value *key = items->at[i];
        json_t *part =
            key->kind == MFD_PICKLE_TEXT ? convert(w, items->at[i + 1], depth + 1) : NULL;
        if (part && json_object_setn_new(dict, key->text.s, key->text.n, part)) {
            json_decref(dict);
            return NULL;
        }
    }
    return dict;
}

static json_t *convert_array(struct walk *w, const struct mfd_pickle_value *v, int depth)
{
    struct mfd_ndarray a;
    if (mfd_ndarray_read(v, &a, NULL))
        return NULL;
    if (a.ndim > 1) {
        mfd_ndarray_deinit(&a);
        return NULL;
    }
    json_t *list = a.type == 'O' ? convert_list(w, a.objects, depth) : json_array();
    for (size_t i = 0; list && a.type != 'O' && i < a.n; i++) {
        int64_t x;
        if (++w->parts > MAX_PARTS)
            w->over = true;
        if (w->over || !mfd_ndarray_integer(&a, i, &x) ||
            json_array_append_new(list, json_integer(x))) {
            json_decref(list);
            list = NULL;
        }
    }
    mfd_ndarray_deinit(&a);
    return list;
}

/* NULL for what JSON cannot hold. */
static json_t *convert(struct walk *w, const struct mfd_pickle_value *v, int depth)
{
    double number;
    if (depth > MAX_DEPTH || ++w->parts > MAX_PARTS)
        w->over = true;
    if (w->over)
        return NULL;
    switch (v->kind) {
    case MFD_PICKLE_NONE:
        return json_null();
    case MFD_PICKLE_BOOL:
        return json_boolean(v->truth);
    case MFD_PICKLE_INT:
        return json_integer(v->integer);
    case MFD_PICKLE_FLOAT:
        return isfinite(v->real) ? json_real(v->real) : NULL;
    case MFD_PICKLE_TEXT:
        return json_stringn(v->text.s, v->text.n);
    case MFD_PICKLE_LIST:
    case MFD_PICKLE_TUPLE:
        return convert_list(w, &v->items, depth);
    case MFD_PICKLE_DICT:
        return convert_dict(w, &v->items, depth);
    case MFD_PICKLE_OBJECT:
        if (v->object->keyed)
            return convert_dict(w, &v->object->items, depth);
        if (mfd_ndarray_is(v))
            return convert_array(w, v, depth);
        if (!mfd_pickle_number(v, &number) || !isfinite(number))
            return NULL;
        /* 8 and 8.0 are the same argument */
        return number == rint(number) && fabs(number) < 1e15 ? json_integer((json_int_t)number)
                                                             : json_real(number);
    default:
        return NULL;
    }
}

int mfd_hyper_to_json(const struct mfd_pickle_value *v, json_t **out, struct mfd_error *err)
{
    struct walk w = { 0 };
    const struct mfd_pickle_items *items = mfd_pickle_items(v);
    if (!items ||
        (v->kind != MFD_PICKLE_DICT && !(v->kind == MFD_PICKLE_OBJECT && v->object->keyed)))
        return mfd_fail(err, MFD_EFORMAT, "'hyper_parameters' is %s, not a dictionary",
                        mfd_pickle_kind_name(v));
    json_t *json = convert_dict(&w, items, 0);
    if (w.over) {
        json_decref(json);
        return mfd_fail(err, MFD_ELIMIT,
                        "'hyper_parameters' has more than %d parts or is nested"
                        " more than %d deep",
                        MAX_PARTS, MAX_DEPTH);
    }
    if (!json)
        return mfd_fail(err, MFD_EFORMAT, "a name in 'hyper_parameters' is not UTF-8");
    *out = json;
    return MFD_OK;
}

json_t *mfd_hyper_value(const struct mfd_pickle_value *v)
{
    struct walk w = { 0 };
    return v ? convert(&w, v, 0) : NULL;
}
