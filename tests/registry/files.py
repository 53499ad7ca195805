"""The files of a model folder as MLflow's client writes them."""

ML_MODEL = """\
artifact_path: model
flavors:
  python_function:
    env:
      conda: conda.yaml
      virtualenv: python_env.yaml
    loader_module: mlflow.sklearn
    model_path: model.pkl
    predict_fn: predict
    python_version: 3.11.9
  sklearn:
    code: null
    pickled_model: model.pkl
    serialization_format: cloudpickle
    sklearn_version: 1.7.2
mlflow_version: 3.17.2
model_size_bytes: 12345
signature:
  inputs: '[{"type": "double", "name": "age", "required": true}, {"type": "long", "name":
    "visits", "required": false}]'
  outputs: '[{"type": "tensor", "tensor-spec": {"dtype": "float64", "shape": [-1]}}]'
  params: null
utc_time_created: '2026-03-03 14:05:09.123456'
"""

MODEL_FILES = {
    "MLmodel": ML_MODEL,
    "conda.yaml": "name: mlflow-env\n",
    "model.pkl": b"\x80\x04not really",
    "requirements.txt": "scikit-learn==1.7.2\n",
}
