"""The tree of module calls, and the calls that details list of it (chapter 03, 10; chapter 01, 6.5)."""

from collections.abc import Mapping, Sequence
from itertools import dropwhile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from terrareg_core.modules.module_tree import Budget, CalledModule, ExpandedCall, build_tree, expanded_calls
from terrareg_core.modules.specification import ModuleCall, ModuleSpecification

Calls = Mapping[str, Sequence[tuple[str, str]]]
"""By directory: the name and the source of each call in it."""


def specifications(calls: Calls) -> dict[str, ModuleSpecification]:
    return {
        directory: ModuleSpecification(modules=[ModuleCall(name, source, "", None) for name, source in found])
        for directory, found in calls.items()
    }


def tree_of(calls: Calls, directory: str = "", budget: Budget | None = None) -> Sequence[CalledModule]:
    return build_tree(directory, specifications(calls).get, budget)


def directories_of(calls: Calls, directory: str = "") -> dict[str, str | None]:
    return {module.key: module.directory for module in tree_of(calls, directory)}


def test_a_directory_without_calls_is_a_tree_of_its_own() -> None:
    assert tree_of({"modules/a": []}, "modules/a") == [CalledModule("", "", "", "modules/a")]


def test_a_directory_that_holds_no_module_is_a_tree_of_its_own() -> None:
    assert tree_of({}) == [CalledModule("", "", "", "")]


def test_local_calls_are_followed_and_their_names_joined_with_dots() -> None:
    calls = {"": [("a", "./modules/a")], "modules/a": [("b", "../b")], "modules/b": [("c", "acme/x/aws")]}
    assert tree_of(calls) == [
        CalledModule("", "", "", ""),
        CalledModule("a", "./modules/a", "", "modules/a"),
        CalledModule("a.b", "../b", "", "modules/b"),
        CalledModule("a.b.c", "acme/x/aws", "", None),
    ]


def test_a_call_keeps_its_version() -> None:
    specification = ModuleSpecification(modules=[ModuleCall("x", "acme/y/aws", "~> 1.0", "Networks")])
    assert build_tree("", {"": specification}.get)[1] == CalledModule("x", "acme/y/aws", "~> 1.0", None)


def test_an_example_passes_through_the_root_module() -> None:
    calls = {"examples/basic": [("net", "../../")], "": [("sub", "./modules/sub")], "modules/sub": []}
    assert directories_of(calls, "examples/basic") == {"": "examples/basic", "net": "", "net.sub": "modules/sub"}


@pytest.mark.parametrize("source", ["../x", "./modules/../../x", "../../modules/a"])
def test_a_call_that_leaves_the_extract_root_is_a_leaf(source: str) -> None:
    assert directories_of({"": [("a", source)], "x": [], "modules/a": []})["a"] is None


@pytest.mark.parametrize("source", [".", "..", "modules/a", "/modules/a", "git::file:///./x", ""])
def test_only_sources_that_begin_with_a_dot_and_a_slash_are_local(source: str) -> None:
    assert directories_of({"": [("a", source)], "modules/a": [("b", "./b")]}) == {"": "", "a": None}


def test_a_call_to_a_directory_without_a_module_is_a_leaf() -> None:
    assert directories_of({"": [("a", "./nowhere")]})["a"] is None


def test_a_module_that_calls_itself_ends_in_a_leaf() -> None:
    assert directories_of({"": [("a", "./")]}) == {"": "", "a": None}


def test_a_cycle_ends_where_it_closes() -> None:
    calls = {"a": [("b", "../b")], "b": [("c", "./../x/../a/")]}
    assert directories_of(calls, "a") == {"": "a", "b": "b", "b.c": None}


def test_two_ways_to_one_directory_are_no_cycle() -> None:
    calls = {"": [("a", "./x"), ("b", "./x")], "x": [("c", "../y")], "y": []}
    assert directories_of(calls) == {"": "", "a": "x", "a.c": "y", "b": "x", "b.c": "y"}


def test_calls_are_followed_to_a_depth_of_32() -> None:
    calls = {f"m{number}": [("n", f"../m{number + 1}")] for number in range(40)}
    keys = [module.key for module in tree_of(calls, "m0")]
    assert keys[-1] == ".".join(["n"] * 32)
    assert len(keys) == 33


def test_a_tree_that_doubles_at_every_level_is_cut_and_keeps_its_upper_levels() -> None:
    calls = {f"m{number}": [("a", f"../m{number + 1}"), ("b", f"../m{number + 1}")] for number in range(40)}
    tree = tree_of(calls, "m0")
    assert len(tree) == 10_001
    assert sum(module.key.count(".") == 11 for module in tree) == 2**12


def test_one_budget_bounds_several_trees() -> None:
    calls = {"": [("a", "x/y/z"), ("b", "x/y/z"), ("c", "x/y/z")]}
    budget = Budget(entries=4)
    assert [len(tree_of(calls, budget=budget)) for _ in range(3)] == [4, 2, 1]


def test_long_texts_use_the_budget_up() -> None:
    calls = {"": [("a", "x" * 500), ("b", "x" * 500), ("c", "x")]}
    assert [module.key for module in tree_of(calls, budget=Budget(characters=900))] == ["", "a"]


@pytest.mark.parametrize("name", ["", "a.b", "."])
def test_a_name_that_could_not_stand_in_a_key_is_left_out(name: str) -> None:
    assert [module.key for module in tree_of({"": [("a", "./a"), (name, "./a")], "a": [("b", "./")]})] == [
        "",
        "a",
        "a.b",
    ]


def test_keys_are_in_byte_order() -> None:
    calls = {"": [("a", "./x"), ("a-b", "q/q/q"), ("B", "q/q/q"), ("é", "q/q/q")], "x": [("z", "q/q/q")]}
    assert [module.key for module in tree_of(calls)] == ["", "B", "a", "a-b", "a.z", "é"]


# --- root.modules ------------------------------------------------------------------------------------------------


def nested(parent: ModuleCall, source: str, version: str = "") -> ExpandedCall:
    """How a call with `source`, nested in the root's call `parent`, is listed."""
    tree = [
        CalledModule("", "", "", ""),
        CalledModule(parent.name, parent.source, parent.version, None),
        CalledModule(f"{parent.name}.n", source, version, None),
    ]
    return expanded_calls(ModuleSpecification(modules=[parent]), tree)[1]


@pytest.mark.parametrize(
    ("parent", "child", "expected"),
    [
        ("./modules/local", "../second", "./modules/second"),
        ("./modules/a", "../b", "./modules/b"),
        ("./a", ".//b/./c/", "./a/b/c"),
        ("../x", "./y", "./../x/y"),
        ("./modules/a", "../../", "./"),
        ("acme/x/aws//modules/q", "../k", "acme/x/aws//modules/k"),
        ("t/vpc/aws", "./modules/s", "t/vpc/aws//modules/s"),
        ("t/vpc/aws//modules/s", "../../", "t/vpc/aws"),
        ("github.com/x/y//sub/p?ref=v1", "../c", "github.com/x/y//sub/c?ref=v1"),
        ("git::https://h/r.git//sub?depth=1", "./x", "git::https://h/r.git//sub/x?depth=1"),
        ("git::https://h/r.git", "./x", "git::https://h/r.git//x"),
        ("https://h/a.zip?archive=zip//x", "./y", "https://h/a.zip//y?archive=zip//x"),
    ],
)
def test_a_nested_local_call_is_addressed_from_the_module_that_holds_it(parent: str, child: str, expected: str) -> None:
    found = nested(ModuleCall("p", parent, "1.0.0", "Parent"), child)
    assert found == ExpandedCall("p.n", expected, "1.0.0", "Parent")


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("registry.terraform.io/h/n/aws", "h/n/aws"),
        ("h/n/aws//modules/x", "h/n/aws//modules/x"),
        ("git::https://h/r.git//sub", "git::https://h/r.git//sub"),
        ("reg.example.com/h/n/aws", "reg.example.com/h/n/aws"),
    ],
)
def test_a_nested_call_to_elsewhere_keeps_its_own_source_and_version(source: str, expected: str) -> None:
    found = nested(ModuleCall("p", "./modules/p", "", "Parent"), source, "~> 2.0")
    assert (found.source, found.version) == (expected, "~> 2.0")


def test_a_local_call_nested_in_an_unknown_one_stands_as_it_is() -> None:
    tree = [CalledModule("gone.n", "../x", "", None)]
    assert expanded_calls(ModuleSpecification(), tree) == [ExpandedCall("gone.n", "../x", None, None)]


def test_addresses_build_on_those_of_nested_calls() -> None:
    calls = {"": [("a", "./a")], "a": [("b", "./b")], "a/b": [("c", "./c"), ("d", "x/y/z")], "a/b/c": []}
    lookup = specifications(calls)
    listed = expanded_calls(lookup[""], build_tree("", lookup.get))
    assert {call.name: call.source for call in listed} == {
        "a": "./a",
        "a.b": "./a/b",
        "a.b.c": "./a/b/c",
        "a.b.d": "x/y/z",
    }


def test_direct_calls_keep_the_order_of_the_specification_and_come_first() -> None:
    specification = ModuleSpecification(
        modules=[ModuleCall("z", "./z", "", "Last"), ModuleCall("a", "acme/y/aws", "1", None)]
    )
    found = expanded_calls(specification, [CalledModule("z.b", "./b", "", None), CalledModule("a", "other", "", None)])
    assert found == [
        ExpandedCall("z", "./z", "", "Last"),
        ExpandedCall("a", "acme/y/aws", "1", None),
        ExpandedCall("z.b", "./z/b", "", "Last"),
    ]


# --- properties --------------------------------------------------------------------------------------------------

_names = st.sampled_from(["a", "b", "c"])
_sources = st.lists(st.sampled_from(["..", ".", "", "a", "b", "c"]), max_size=5).flatmap(
    lambda parts: st.sampled_from(["./", "../", "x/y/z//"]).map(lambda start: start + "/".join(parts))
)
_directories = st.lists(_names, max_size=3).map("/".join)
_calls = st.dictionaries(
    _directories, st.lists(st.tuples(_names, _sources), max_size=3, unique_by=lambda call: call[0]), max_size=8
)


@given(_calls, _directories)
def test_every_tree_ends_and_hangs_together(calls: Calls, directory: str) -> None:
    tree = tree_of(calls, directory, Budget(entries=300))
    keys = [module.key for module in tree]
    assert keys == sorted(set(keys))
    assert keys[0] == ""
    assert all(key.rpartition(".")[0] in keys for key in keys)
    assert all(module.directory in {*calls, None} for module in tree[1:])


@given(_calls)
def test_expanding_keeps_the_direct_calls_and_normalises_what_it_joins(calls: Calls) -> None:
    lookup = specifications({"": [], **calls})
    listed = expanded_calls(lookup[""], build_tree("", lookup.get, Budget(entries=300)))
    direct = lookup[""].modules
    assert [(call.name, call.source) for call in listed[: len(direct)]] == [(call.name, call.source) for call in direct]
    appended = listed[len(direct) :]
    names = [call.name for call in appended]
    assert names == sorted(set(names))
    assert all("." in name for name in names)
    for call in appended:
        if call.source.startswith("./") and call.source != "./":
            below = dropwhile(lambda part: part == "..", call.source.split("/")[1:])
            assert not {"", ".", ".."} & set(below)
