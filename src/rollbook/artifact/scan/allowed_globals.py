"""The globals that unpickling a model may import, framework by framework. Everything else is not on the list.

A name is listed when calling it with any arguments, and setting any attributes of what it returns, can do no
more than build a value out of things that are listed as well. Left out for that reason, though models have
them: `functools.partial`, `builtins.getattr`, `builtins.type`, `operator.methodcaller`, NumPy's
`_ufunc_reconstruct` (it imports what it is told), `scipy.stats` (its distributions run `exec` on a text they
bring along), `torch.storage._load_from_bytes` (it unpickles).
"""

from __future__ import annotations

import hashlib
from _compat_pickle import IMPORT_MAPPING, NAME_MAPPING
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING

from rollbook.artifact.scan.pickled_values import Imported

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

_SCALARS = (
    "bool_ bool int8 int16 int32 int64 uint8 uint16 uint32 uint64 intc uintc longlong ulonglong float16"
    " float32 float64 longdouble complex64 complex128 str_ bytes_ void datetime64 timedelta64 object_"
)
_FUNCTIONS = (
    "abs absolute cbrt ceil cos exp exp2 expm1 floor log log10 log1p log2 mean reciprocal rint sign sin sqrt"
    " square tan tanh"
)
_STORAGES = (
    "BFloat16Storage BoolStorage ByteStorage CharStorage ComplexDoubleStorage ComplexFloatStorage"
    " DoubleStorage FloatStorage HalfStorage IntStorage LongStorage QInt32Storage QInt8Storage"
    " QUInt2x4Storage"
    " QUInt4x2Storage QUInt8Storage ShortStorage"
)
_TENSORS = (
    "BFloat16Tensor BoolTensor ByteTensor CharTensor DoubleTensor FloatTensor HalfTensor IntTensor LongTensor"
    " ShortTensor"
)
_DTYPES = (
    "bfloat16 bool complex128 complex32 complex64 float16 float32 float64 float8_e4m3fn float8_e4m3fnuz"
    " float8_e5m2 float8_e5m2fnuz int16 int32 int64 int8 uint16 uint32 uint64 uint8 qint32 qint8 quint2x4"
    " quint4x2 quint8 per_channel_affine per_channel_affine_float_qparams per_channel_symmetric"
    " per_tensor_affine per_tensor_symmetric"
)
_SPARSE = "bsr coo csc csr dia dok lil"
_TREES = "BinaryTree KDTree KDTree32 KDTree64 newObj"
_DISTANCES = (
    "BrayCurtisDistance CanberraDistance ChebyshevDistance DistanceMetric EuclideanDistance HammingDistance"
    " HaversineDistance JaccardDistance MahalanobisDistance ManhattanDistance MinkowskiDistance"
    " SEuclideanDistance"
)
_LOSSES = (
    "AbsoluteError ExponentialLoss HalfBinomialLoss HalfGammaLoss HalfMultinomialLoss HalfPoissonLoss"
    " HalfSquaredError HalfTweedieLoss HalfTweedieLossIdentity HuberLoss PinballLoss"
)
_OLD_LOSSES = (
    "BinomialDeviance ExponentialLoss HuberLossFunction LeastAbsoluteError LeastSquaresError"
    " MultinomialDeviance QuantileLossFunction"
)

# Module: its names. Where a library has moved a module, both places are listed.
_LISTED: Mapping[str, Mapping[str, str]] = {
    "python": {
        "builtins": "bool bytearray bytes complex dict float frozenset int list object range set slice str"
        " tuple Ellipsis NotImplemented",
        "collections": "Counter OrderedDict defaultdict deque",
        "datetime": "date datetime time timedelta timezone",
        "decimal": "Decimal",
        "fractions": "Fraction",
        "pathlib": "PosixPath PurePath PurePosixPath PureWindowsPath WindowsPath",
        "types": "SimpleNamespace",
        "uuid": "UUID SafeUUID",
        "copyreg": "_reconstructor",  # only with a listed class and `object`: `misuse`
        "_codecs": "encode",  # only into Latin-1: `misuse`
    },
    "numpy": {
        "numpy": f"dtype ndarray matrix recarray record {_SCALARS} {_FUNCTIONS}",
        **{
            f"numpy.{core}.{module}": names
            for core in ("core", "_core")
            for module, names in {
                "multiarray": "_reconstruct scalar",
                "numeric": "_frombuffer",
                "numerictypes": _SCALARS,
                "records": "recarray record",
            }.items()
        },
        "numpy.ma": "MaskedArray",
        "numpy.ma.core": "MaskedArray MaskedConstant _mareconstruct",
        "numpy.dtypes": "StringDType",
        "numpy.random._pickle": "__bit_generator_ctor __generator_ctor __randomstate_ctor",
        "numpy.random": "RandomState",
        "numpy.random.mtrand": "RandomState",
        "numpy.random._generator": "Generator",
        "numpy.random._mt19937": "MT19937",
        "numpy.random._pcg64": "PCG64 PCG64DXSM",
        "numpy.random._philox": "Philox",
        "numpy.random._sfc64": "SFC64",
        "numpy.random.bit_generator": "SeedSequence __pyx_unpickle_SeedSequence",
    },
    "scipy": {
        **{f"scipy.sparse._{kind}": f"{kind}_matrix {kind}_array" for kind in _SPARSE.split()},
        **{f"scipy.sparse.{kind}": f"{kind}_matrix" for kind in _SPARSE.split()},
        "scipy.interpolate._bsplines": "BSpline",
        "scipy.interpolate._interpolate": "PPoly interp1d",
        "scipy._lib.array_api_compat.numpy._aliases": "asarray",
        "scipy.spatial._ckdtree": "cKDTree",
        "scipy.spatial._kdtree": "KDTree",
    },
    "joblib": {"joblib.numpy_pickle": "NumpyArrayWrapper"},
    "pandas": {
        "pandas": "BooleanDtype Categorical CategoricalDtype CategoricalIndex DataFrame DatetimeIndex"
        " DatetimeTZDtype Float32Dtype Float64Dtype Index Int16Dtype Int32Dtype Int64Dtype Int8Dtype Interval"
        " IntervalDtype IntervalIndex MultiIndex NA NaT Period PeriodDtype PeriodIndex RangeIndex Series"
        " StringDtype Timedelta TimedeltaIndex Timestamp UInt16Dtype UInt32Dtype UInt64Dtype UInt8Dtype",
        "pandas.arrays": "ArrowStringArray BooleanArray DatetimeArray FloatingArray IntegerArray"
        " IntervalArray"
        " NumpyExtensionArray PeriodArray StringArray TimedeltaArray",
        "pandas.core.arrays.string_arrow": "ArrowStringArray",
        "pyarrow.lib": "_restore_array py_buffer type_for_alias",
        "pandas.core.frame": "DataFrame",
        "pandas.core.series": "Series",
        "pandas.core.internals.managers": "BlockManager SingleBlockManager",
        "pandas._libs.internals": "_unpickle_block BlockPlacement",
        "pandas.core.internals.blocks": "new_block",
        "pandas.core.indexes.base": "Index _new_Index",
        "pandas.core.indexes.range": "RangeIndex",
        "pandas.core.indexes.multi": "MultiIndex",
        "pandas.core.indexes.category": "CategoricalIndex",
        "pandas.core.indexes.interval": "IntervalIndex",
        "pandas.core.indexes.datetimes": "DatetimeIndex _new_DatetimeIndex",
        "pandas.core.indexes.timedeltas": "TimedeltaIndex",
        "pandas.core.indexes.period": "PeriodIndex _new_PeriodIndex",
        "pandas.core.indexes.numeric": "Float64Index Int64Index UInt64Index",
        "pandas.core.indexes.frozen": "FrozenList",
        "pandas.core.arrays.boolean": "BooleanArray BooleanDtype",
        "pandas.core.arrays.categorical": "Categorical",
        "pandas.core.arrays.datetimes": "DatetimeArray",
        "pandas.core.arrays.timedeltas": "TimedeltaArray",
        "pandas.core.arrays.period": "PeriodArray",
        "pandas.core.arrays.interval": "IntervalArray",
        "pandas.core.arrays.floating": "FloatingArray Float32Dtype Float64Dtype",
        "pandas.core.arrays.integer": "IntegerArray Int8Dtype Int16Dtype Int32Dtype Int64Dtype UInt8Dtype"
        " UInt16Dtype UInt32Dtype UInt64Dtype",
        "pandas.core.arrays.string_": "StringArray StringDtype",
        "pandas.core.arrays.numpy_": "NumpyExtensionArray PandasArray",
        "pandas.core.dtypes.dtypes": "CategoricalDtype DatetimeTZDtype IntervalDtype PeriodDtype",
        "pandas.core.flags": "Flags",
        "pandas._libs.arrays": "__pyx_unpickle_NDArrayBacked",
        "pandas._libs.missing": "NAType C_NA",
        "pandas._libs.tslibs.nattype": "_nat_unpickle",
        "pandas._libs.tslibs.timestamps": "Timestamp _unpickle_timestamp",
        "pandas._libs.tslibs.timedeltas": "Timedelta _timedelta_unpickle",
        "pandas._libs.tslibs.period": "Period",
        "pandas._libs.interval": "Interval",
    },
    "scikit-learn": {
        "sklearn.tree._tree": "Tree __pyx_unpickle_Tree",
        "sklearn.ensemble._hist_gradient_boosting.predictor": "TreePredictor",
        "sklearn.ensemble._hist_gradient_boosting.common": "MonotonicConstraint",
        "sklearn.ensemble._gb": "VerboseReporter",
        "sklearn.ensemble._gb_losses": _OLD_LOSSES,
        "sklearn._loss.link": "Interval",
        "sklearn._loss._loss": " ".join(f"Cy{loss} __pyx_unpickle_Cy{loss}" for loss in _LOSSES.split()),
        "sklearn.linear_model._sgd_fast": "EpsilonInsensitive Hinge Huber Log ModifiedHuber Regression"
        " SquaredEpsilonInsensitive SquaredHinge SquaredLoss",
        "sklearn.neighbors._kd_tree": _TREES,
        "sklearn.neighbors._ball_tree": "BallTree BallTree32 BallTree64 BinaryTree newObj",
        **{
            module: " ".join(
                ["newObj", *(f"{name}{bits}" for name in _DISTANCES.split() for bits in ("", "32", "64"))]
            )
            for module in ("sklearn.metrics._dist_metrics", "sklearn.neighbors._dist_metrics")
        },
        "sklearn.calibration": "_CalibratedClassifier",
        "sklearn.cluster._birch": "_CFNode _CFSubcluster",
        "sklearn.cluster._bisect_k_means": "_BisectingTree",
        "sklearn.compose._column_transformer": "_RemainderColsList",
        "sklearn.cluster._kmeans": "_kmeans_single_elkan _kmeans_single_lloyd",
        "sklearn.metrics._classification": "accuracy_score f1_score log_loss precision_score recall_score",
        "sklearn.metrics._ranking": "average_precision_score roc_auc_score",
        "sklearn.metrics._regression": "mean_absolute_error mean_squared_error r2_score",
        "sklearn.metrics._scorer": "_MultimetricScorer _PassthroughScorer _PredictScorer _ProbaScorer _Scorer"
        " _ThresholdScorer",
        "sklearn.neural_network._stochastic_optimizers": "AdamOptimizer SGDOptimizer",
        "sklearn.utils._bunch": "Bunch",
        "sklearn.utils": "Bunch",
        "sklearn.utils._encode": "MissingValues",
        "sklearn.utils._metadata_requests": "MetadataRequest MethodMetadataRequest",
        "sklearn.feature_selection._univariate_selection": "chi2 f_classif f_regression r_regression",
        "sklearn.feature_selection._mutual_info": "mutual_info_classif mutual_info_regression",
        "sklearn.model_selection._split": "GroupKFold KFold LeaveOneOut RepeatedKFold RepeatedStratifiedKFold"
        " ShuffleSplit StratifiedKFold StratifiedShuffleSplit TimeSeriesSplit",
    },
    "torch": {
        "torch": f"Size Tensor device {_STORAGES} {_TENSORS} {_DTYPES}",
        "torch.cuda": f"{_STORAGES} {_TENSORS}",
        "torch.sparse": _TENSORS,
        "torch.storage": f"TypedStorage UntypedStorage {_STORAGES}",
        "torch._utils": "_rebuild_device_tensor_from_numpy _rebuild_meta_tensor_no_storage"
        " _rebuild_nested_tensor _rebuild_parameter _rebuild_parameter_with_state _rebuild_qtensor"
        " _rebuild_sparse_tensor"
        " _rebuild_tensor _rebuild_tensor_v2 _rebuild_tensor_v3",
        "torch._tensor": "_rebuild_from_type_v2",
        "torch.nn.parameter": "Buffer Parameter UninitializedBuffer UninitializedParameter",
        "torch.serialization": "_get_layout",
    },
    "xgboost": {"xgboost.core": "Booster"},
    "lightgbm": {"lightgbm.basic": "Booster"},
    "catboost": {
        "catboost.core": "CatBoost CatBoostClassifier CatBoostRanker CatBoostRegressor",
        "catboost": "CatBoost CatBoostClassifier CatBoostRanker CatBoostRegressor",
    },
}
# What TorchScript's reader in C++ makes of names: it runs no Python.
_TORCHSCRIPT = ("__torch__.", "torch.jit._pickle.")
_RECONSTRUCTOR = Imported("copyreg", "_reconstructor")
_ENCODE = Imported("_codecs", "encode")
_BASES = frozenset(["bytes", "dict", "float", "frozenset", "int", "list", "set", "str", "tuple"])
_LATIN = frozenset(["latin1", "latin-1", "iso-8859-1"])


@dataclass(frozen=True, slots=True)
class Allowlist:
    """The list, with the names, as `module.name`, that a team adds to it."""

    added: frozenset[str] = frozenset()

    def framework(self, imported: Imported) -> str:
        """Return which framework's part of the list has a global; empty when none has."""
        modern = _modern(imported)
        if found := _listed().get(modern):
            return found
        return "added" if str(imported) in self.added or str(modern) in self.added else ""

    @property
    def digest(self) -> str:
        """Return the SHA-256 of all that is on the list."""
        names = sorted({*map(str, _listed()), *self.added})
        return hashlib.sha256("\n".join(names).encode()).hexdigest()


def is_torchscript(imported: Imported) -> bool:
    """Whether a global is one that only TorchScript's own reader knows."""
    return str(imported).startswith(_TORCHSCRIPT)


def is_for_one_use(imported: Imported) -> bool:
    """Whether a global is listed for one kind of call only, which `misuse` judges."""
    return _modern(imported) in (_RECONSTRUCTOR, _ENCODE)


def misuse(function: object, arguments: object) -> str:
    """Return what is wrong with a call of a function that is listed for one use only; empty for no such."""
    if not isinstance(function, Imported):
        return ""
    modern = _modern(function)
    if modern == _RECONSTRUCTOR:
        match arguments:
            case (Imported(), Imported("builtins" | "__builtin__", "object"), None):
                return ""
            case (Imported(), Imported("builtins" | "__builtin__", name), _) if name in _BASES:
                return ""
        return "copyreg._reconstructor is called with a base that is no plain type"
    if modern == _ENCODE:
        match arguments:
            case (_, str() as encoding) if encoding in _LATIN:
                return ""
        return "_codecs.encode is called with another encoding than Latin-1"
    return ""


def frameworks(names: Collection[Imported]) -> list[str]:
    """Return the parts of the list that have these globals, the most specific first."""
    found = {_listed().get(_modern(name), "") for name in names}
    order = ("xgboost", "lightgbm", "catboost", "torch", "scikit-learn", "pandas", "scipy", "numpy")
    return [name for name in order if name in found]


def _modern(imported: Imported) -> Imported:
    """Return a global by its name in Python 3, as an unpickler does for protocols 0 to 2."""
    module, name = imported.module, imported.name
    module, name = NAME_MAPPING.get((module, name), (IMPORT_MAPPING.get(module, module), name))
    return Imported(module, name)


@cache
def _listed() -> Mapping[Imported, str]:
    listed = {
        Imported(module, name): framework
        for framework, modules in _LISTED.items()
        for module, names in modules.items()
        for name in names.split()
    }
    framework = ""
    for line in resources.files(__package__).joinpath("allowed_classes.txt").read_text().split("\n"):
        if line.startswith("["):
            framework = line.strip("[]")
        elif line and not line.startswith("#"):
            module, *names = line.split()
            listed |= {Imported(module, name): framework for name in names}
    return listed
