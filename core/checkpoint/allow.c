/* Names that may occur in a checkpoint. Nothing here is ever called: a name is on the list because
 * checkpoints of the public code, by the versions of torch, Lightning, numpy and pandas that they
 * were trained with, mention it in what they store, and because we know what it stands for. */
#include <string.h>

#include "core/checkpoint/pickle.h"

#define TORCH_STORAGES                                                                             \
    "FloatStorage", "DoubleStorage", "HalfStorage", "BFloat16Storage", "LongStorage",              \
        "IntStorage", "ShortStorage", "CharStorage", "ByteStorage", "BoolStorage"
#define BUILTINS                                                                                   \
    "slice", "set", "frozenset", "list", "dict", "tuple", "int", "float", "bool", "str", "bytes",  \
        "bytearray", "complex", "range", "object"
#define NUMPY_MULTIARRAY "_reconstruct", "scalar"
#define NUMPY_DTYPES                                                                               \
    "BoolDType", "Float16DType", "Float32DType", "Float64DType", "Int8DType", "Int16DType",        \
        "Int32DType", "Int64DType", "UInt8DType", "UInt16DType", "UInt32DType", "UInt64DType",     \
        "ObjectDType", "StrDType", "BytesDType", "DateTime64DType"
#define METADATA_LOADER "MetadataLoader"
#define CHECKPOINT_CALLBACKS                                                                       \
    "ModelCheckpoint", "EarlyStopping", "LearningRateMonitor", "TQDMProgressBar", "Timer"

static const struct {
    const char *module;
    const char *const *names; /* ends with NULL */
} modules[] = {
#define NAMES(...)                                                                                 \
    (const char *const[])                                                                          \
    {                                                                                              \
        __VA_ARGS__, NULL                                                                          \
    }
    { "collections", NAMES("OrderedDict", "defaultdict", "Counter") },
    { "__builtin__", NAMES(BUILTINS, "unicode", "long", "xrange") },
    { "builtins", NAMES(BUILTINS) },
    { "_codecs", NAMES("encode") },
    { "copy_reg", NAMES("_reconstructor") },
    { "copyreg", NAMES("_reconstructor") },
    { "argparse", NAMES("Namespace") },
    { "datetime", NAMES("datetime", "date", "time", "timedelta", "timezone") },
    { "decimal", NAMES("Decimal") },
    { "pathlib", NAMES("Path", "PosixPath", "PurePosixPath", "WindowsPath", "PureWindowsPath") },
    { "pathlib._local", NAMES("Path", "PosixPath", "PurePosixPath") },

    { "torch", NAMES(TORCH_STORAGES, "Size", "Tensor", "device", "float32", "float64", "float16",
                     "bfloat16", "int64", "int32", "int16", "int8", "uint8", "bool") },
    { "torch.cuda", NAMES(TORCH_STORAGES) },
    { "torch.storage",
      NAMES("UntypedStorage", "TypedStorage", "_UntypedStorage", "_TypedStorage") },
    { "torch._utils", NAMES("_rebuild_tensor", "_rebuild_tensor_v2", "_rebuild_parameter") },
    { "torch._tensor", NAMES("_rebuild_from_type_v2") },
    { "torch.nn.parameter", NAMES("Parameter", "Buffer") },
    { "torch.serialization", NAMES("_get_layout") },

    { "pytorch_lightning.utilities.parsing", NAMES("AttributeDict") },
    { "lightning.pytorch.utilities.parsing", NAMES("AttributeDict") },
    { "lightning_fabric.utilities.data", NAMES("AttributeDict") },
    { "lightning.fabric.utilities.data", NAMES("AttributeDict") },
    { "pytorch_lightning.callbacks", NAMES(CHECKPOINT_CALLBACKS) },
    { "pytorch_lightning.callbacks.model_checkpoint", NAMES("ModelCheckpoint") },
    { "pytorch_lightning.callbacks.early_stopping", NAMES("EarlyStopping") },
    { "pytorch_lightning.callbacks.progress.tqdm_progress", NAMES("TQDMProgressBar") },
    { "lightning.pytorch.callbacks.model_checkpoint", NAMES("ModelCheckpoint") },
    { "lightning.pytorch.callbacks.early_stopping", NAMES("EarlyStopping") },

    { "dataloading.metadata", NAMES(METADATA_LOADER) },
    { "src.dataloading.metadata", NAMES(METADATA_LOADER) },

    { "numpy", NAMES("ndarray", "dtype", "bool_", "float16", "float32", "float64", "int8", "int16",
                     "int32", "int64", "uint8", "uint16", "uint32", "uint64", "str_", "object_") },
    { "numpy.core.multiarray", NAMES(NUMPY_MULTIARRAY) },
    { "numpy._core.multiarray", NAMES(NUMPY_MULTIARRAY) },
    { "numpy.core.numeric", NAMES("_frombuffer") },
    { "numpy._core.numeric", NAMES("_frombuffer") },
    { "numpy.dtypes", NAMES(NUMPY_DTYPES) },
    { "numpy.ma.core", NAMES("_mareconstruct", "MaskedArray") },

    { "pandas.core.frame", NAMES("DataFrame") },
    { "pandas", NAMES("DataFrame", "Series", "Index", "RangeIndex", "StringDtype", "Timestamp") },
    { "pandas.core.series", NAMES("Series") },
    { "pandas.core.internals.managers", NAMES("BlockManager", "SingleBlockManager") },
    { "pandas.core.internals.blocks",
      NAMES("new_block", "_unpickle_block", "Block", "NumericBlock", "ObjectBlock", "IntBlock",
            "FloatBlock", "BoolBlock", "ExtensionBlock", "DatetimeLikeBlock", "CategoricalBlock") },
    { "pandas._libs.internals", NAMES("_unpickle_block", "BlockPlacement", "BlockManager") },
    { "pandas._libs.arrays", NAMES("__pyx_unpickle_NDArrayBacked", "NDArrayBacked") },
    { "pandas._libs.missing", NAMES("NA", "NAType", "C_NAType") },
    { "pandas._libs.tslibs.nattype", NAMES("_nat_unpickle", "__nat_unpickle") },
    { "pandas._libs.tslibs.timestamps", NAMES("_unpickle_timestamp", "Timestamp") },
    { "pandas.core.indexes.base", NAMES("_new_Index", "Index") },
    { "pandas.core.indexes.range", NAMES("RangeIndex") },
    { "pandas.core.indexes.numeric",
      NAMES("NumericIndex", "Int64Index", "UInt64Index", "Float64Index") },
    { "pandas.core.indexes.category", NAMES("CategoricalIndex") },
    { "pandas.core.indexes.multi", NAMES("MultiIndex") },
    { "pandas.core.indexes.datetimes", NAMES("_new_DatetimeIndex", "DatetimeIndex") },
    { "pandas.core.indexes.frozen", NAMES("FrozenList") },
    { "pandas.core.arrays.string_",
      NAMES("StringArray", "StringDtype", "StringArrayNumpySemantics") },
    { "pandas.core.arrays.string_arrow",
      NAMES("ArrowStringArray", "ArrowStringArrayNumpySemantics") },
    { "pandas.core.arrays.categorical", NAMES("Categorical") },
    { "pandas.core.arrays.integer",
      NAMES("IntegerArray", "Int8Dtype", "Int16Dtype", "Int32Dtype", "Int64Dtype") },
    { "pandas.core.arrays.floating", NAMES("FloatingArray", "Float32Dtype", "Float64Dtype") },
    { "pandas.core.arrays.boolean", NAMES("BooleanArray", "BooleanDtype") },
    { "pandas.core.arrays.datetimes", NAMES("DatetimeArray") },
    { "pandas.core.arrays.numpy_", NAMES("PandasArray", "NumpyExtensionArray", "PandasDtype") },
    { "pandas.core.dtypes.dtypes",
      NAMES("CategoricalDtype", "DatetimeTZDtype", "PandasDtype", "NumpyEADtype") },
    { "pandas.core.flags", NAMES("Flags") },
    { "pyarrow.lib", NAMES("_restore_array", "type_for_alias", "py_buffer", "chunked_array",
                           "string", "large_string") },
#undef NAMES
};

static bool same(const char *allowed, const char *s, size_t n)
{
    return strlen(allowed) == n && memcmp(allowed, s, n) == 0;
}

bool mfd_pickle_allowed(const char *module, size_t module_n, const char *name, size_t name_n,
                        const char **allowed_module, const char **allowed_name)
{
    for (size_t i = 0; i < sizeof modules / sizeof *modules; i++) {
        if (!same(modules[i].module, module, module_n))
            continue;
        for (const char *const *candidate = modules[i].names; *candidate; candidate++) {
            if (same(*candidate, name, name_n)) {
                *allowed_module = modules[i].module;
                *allowed_name = *candidate;
                return true;
            }
        }
    }
    return false;
}
