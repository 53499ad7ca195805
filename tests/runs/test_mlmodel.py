"""What is read of the file that describes a model."""

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from runs.mlmodel import NotAModelFile, describe_model, read_block
from runs.schemas import Column, columns

# Three more characters end a line to YAML; as such nobody's model description has them.
TEXTS = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="\x85\u2028\u2029"), max_size=200
)
KEYS = st.from_regex(r"[a-z_][a-z0-9_.]{0,8}", fullmatch=True)
NODES = st.recursive(
    st.none() | TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=15,
)


class WithoutAliases(yaml.SafeDumper):
    def ignore_aliases(self, data: object) -> bool:
        return True


@given(st.dictionaries(KEYS, NODES, min_size=1, max_size=5), st.booleans())
def test_whatever_pyyaml_writes_in_its_plain_style_is_read_back(document, allow_unicode):
    text = yaml.dump(
        document, Dumper=WithoutAliases, default_flow_style=False, allow_unicode=allow_unicode
    )

    assert read_block(text) == document


@given(st.text())
def test_any_text_is_read_or_refused(text):
    try:
        describe_model(text)
    except NotAModelFile:
        pass


@pytest.mark.parametrize(
    "text",
    [
        "",
        "just text",
        "- a\n- b",
        "a: 1",
        "flavors:\n- sklearn",
        "flavors: &anchor\n  a: 1",
        "flavors: !!python/object:os.system\n  a: 1",
        "flavors:\n  a: *alias",
        "flavors:\n  a: 'never closed",
        "flavors:\n  a: 1\nstray",
        "flavors:\n" + "".join(f"{' ' * i}a:\n" for i in range(1, 200)),
        "a" * 1_000_001,
    ],
)
def test_what_is_no_description_of_a_model_is_refused(text):
    with pytest.raises(NotAModelFile):
        describe_model(text)


def test_a_description_of_ten_thousand_columns_is_read_at_once():
    schema = ", ".join(f'{{"type": "double", "name": "c{i}"}}' for i in range(10_000))
    document = {"flavors": {"sklearn": {}}, "signature": {"inputs": f"[{schema}]"}}

    description = describe_model(yaml.safe_dump(document, default_flow_style=False))

    assert len(description.inputs) == 10_000


def test_the_flavor_is_the_library_and_not_the_common_one():
    text = yaml.safe_dump(
        {
            "flavors": {
                "python_function": {"env": {"conda": "conda.yaml"}, "loader_module": "x"},
                "sklearn": {"sklearn_version": "1.9.1", "code": None},
            },
            "metadata": {"tasks": ["a", "b"], "nested": {"x": "y"}},
        }
    )

    description = describe_model(text)

    assert description.flavor == "sklearn"
    assert description.is_python
    assert description.flavors[0].facts == (("env.conda", "conda.yaml"), ("loader_module", "x"))
    assert description.flavors[1].facts == (("sklearn_version", "1.9.1"),)
    assert dict(description.metadata) == {"tasks": "a, b", "nested.x": "y"}


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ('[{"type": "double", "name": "a", "required": true}]', Column("a", "double")),
        ('[{"type": "long", "name": "a", "required": false}]', Column("a", "long", False)),
        ('[{"type": "long", "name": "a", "optional": true}]', Column("a", "long", False)),
        (
            '[{"type": "tensor", "tensor-spec": {"dtype": "float64", "shape": [-1, 10]}}]',
            Column("", "float64 (any, 10)"),
        ),
        (
            '[{"type": "array", "items": {"type": "array", "items": {"type": "long"}}}]',
            Column("", "list of list of long"),
        ),
        (
            '[{"type": "object", "properties": {"x": {"type": "double"}}, "name": "d"}]',
            Column("d", "{x: double}"),
        ),
        ('[{"type": "map", "values": {"type": "string"}}]', Column("", "map of string")),
        (
            '[{"name": "temp", "type": "double", "default": 0.5, "shape": null}]',
            Column("temp", "double", True, "0.5"),
        ),
        (
            '{"mlflow_colspec": [{"type": "string", "name": "a"}]}',
            Column("a", "string"),
        ),
        (
            '{"mlflow_tensorspec": {"features": "[{\\"type\\": \\"tensor\\", '
            '\\"tensor-spec\\": {\\"dtype\\": \\"int64\\", \\"shape\\": [-1]}}]"}}',
            Column("features", "int64 (any)"),
        ),
    ],
)
def test_every_kind_of_column_is_written_as_people_write_it(text, found):
    assert columns(text) == (found,)
