"""The coordinate graph: coordinate systems and elements as nodes, transformations as edges.

Every element is a node (its intrinsic coordinates) with one edge to each of its coordinate systems. Edges are followed
forwards, and backwards where the transformation has an inverse.
"""

from __future__ import annotations

from collections import defaultdict, deque
from dataclasses import dataclass, field
from itertools import islice, pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from spatialdata.errors import (
    AmbiguousTransformationError,
    NoTransformationError,
    TransformationError,
    UnknownCoordinateSystemError,
    listing,
    unknown_name,
)
from spatialdata.transformations.attach import check_transformations, remove_transformation, transformations_of
from spatialdata.transformations.linear import Identity, Sequence
from spatialdata.transformations.links import CoordinateLink, ElementNode, Node

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from spatialdata.transformations.algebra import Axes, BaseTransformation

__all__ = [
    "CoordinateGraph",
    "get_transformation_between_coordinate_systems",
    "remove_transformations_to_coordinate_system",
]


_MOST_PATHS_LISTED = 5


@dataclass
class CoordinateGraph:
    """Elements and coordinate systems, connected by transformations.

    Parameters
    ----------
    elements
        The transformations of each element, by the name of the element.
    links
        Further edges between any nodes. A string is a coordinate system; :meth:`element` makes the node of an element,
        so that images can be linked to one another.

    Examples
    --------
    >>> from spatialdata.transformations import Identity, Scale
    >>> graph = CoordinateGraph({"image": {"pixels": Identity(), "microns": Scale([0.5, 0.5], axes=("x", "y"))}})
    >>> sorted(graph.coordinate_systems)
    ['microns', 'pixels']
    >>> len(graph.between("pixels", "microns").transformations)
    2
    >>> detail, overview = CoordinateGraph.element("detail"), CoordinateGraph.element("overview")
    >>> link = CoordinateLink(detail, overview, Scale([0.1, 0.1], axes=("x", "y")))
    >>> graph = CoordinateGraph({"overview": {"section": Identity()}}, links=[link])
    >>> graph.between(detail, "section").to_affine_matrix(("x",), ("x",))[0, 0]
    np.float64(0.1)
    """

    elements: Mapping[str, Mapping[str, BaseTransformation]]
    links: Iterable[CoordinateLink] = ()
    _edges: dict[Node, dict[Node, BaseTransformation]] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self._edges = defaultdict(dict)
        for name, transformations in self.elements.items():
            node = ElementNode(name)
            self._edges[node] = {}
            for system, transformation in check_transformations(transformations).items():
                self._connect(node, system, transformation)
        for link in self.links:
            self._connect(link.source, link.target, link.transformation)

    def _connect(self, source: Node, target: Node, transformation: BaseTransformation) -> None:
        """Add an edge, and the way back where there is one and it is not there yet."""
        self._edges[source][target] = transformation
        inverse = _inverse_or_none(transformation)
        if inverse is not None:
            self._edges[target].setdefault(source, inverse)
        else:
            self._edges.setdefault(target, {})

    @property
    def coordinate_systems(self) -> list[str]:
        """The names of all coordinate systems, sorted."""
        return sorted(node for node in self._edges if isinstance(node, str))

    def node(self, name: str) -> Node:
        """The node of a coordinate system."""
        if name not in self._edges:
            raise UnknownCoordinateSystemError(unknown_name("coordinate system", name, self.coordinate_systems))
        return name

    @staticmethod
    def element(name: str) -> Node:
        """The node of an element."""
        return ElementNode(name)

    def between(
        self, source: Node, target: Node, via: Node | None = None, *, shortest: bool = True
    ) -> BaseTransformation:
        """The transformation from one node to another.

        A direct edge wins; otherwise the path with the fewest edges. Several paths of that length are an error unless
        they are the same map, since nothing tells which is meant; ``via`` chooses.

        Raises
        ------
        NoTransformationError
            There is no path.
        AmbiguousTransformationError
            Several paths are equally short, or any second path exists with ``shortest=False``.
        """
        if source == target:
            return Identity()
        if via is None and target in self._edges[source]:
            return Sequence([self._edges[source][target]])
        if shortest and (agreed := self._agreed(source, target, via)) is not None:
            return agreed
        paths = self._shortest_paths(source, target, via) if shortest else self._simple_paths(source, target, via)
        found = list(islice(paths, _MOST_PATHS_LISTED))
        if not found:
            raise NoTransformationError(
                f"No transformation leads from {source} to {target}{_through(via)}. "
                f"Reachable from {source}: {listing(self._reachable(source))}."
            )
        if len(found) > 1:
            routes = "; ".join(" -> ".join(map(str, path)) for path in found)
            raise AmbiguousTransformationError(
                f"Several paths lead from {source} to {target}{_through(via)}: {routes}. "
                "Name one of the nodes in between as intermediate_coordinate_systems."
            )
        return Sequence([self._edges[a][b] for a, b in pairwise(found[0])])

    def _agreed(self, source: Node, target: Node, via: Node | None) -> Sequence | None:
        """The one map that all shortest paths are; None if there is no path, or if they differ."""
        if via is not None:
            halves = [self._agreed(source, via, None), self._agreed(via, target, None)]
            known = [half for half in halves if half is not None]
            return Sequence([step for half in known for step in half.transformations]) if len(known) == 2 else None
        distances = self._distances(source)
        if target not in distances:
            return None
        before: dict[Node, list[Node]] = {}
        layer = [target]
        while layer:
            for node in layer:
                before[node] = [n for n, d in distances.items() if d == distances[node] - 1 and node in self._edges[n]]
            layer = list(dict.fromkeys(n for node in layer for n in before[node] if n not in before))
        maps: dict[Node, Sequence] = {source: Sequence([])}
        for node in sorted(before.keys() - {source}, key=lambda each: distances[each]):
            ways = [Sequence([*maps[n].transformations, self._edges[n][node]]) for n in before[node]]
            if any(not _same_map(ways[0], other) for other in ways[1:]):
                return None
            maps[node] = ways[0]
        return maps[target]

    def shortest_paths(self, source: Node, target: Node) -> list[list[Node]]:
        """The paths with the fewest edges, each as the nodes that it goes through; at most a few of many."""
        return list(islice(self._shortest_paths(source, target, None), _MOST_PATHS_LISTED))

    def _distances(self, source: Node) -> dict[Node, int]:
        distances: dict[Node, int] = {source: 0}
        queue: deque[Node] = deque([source])
        while queue:
            node = queue.popleft()
            for neighbour in self._edges[node]:
                if neighbour not in distances:
                    distances[neighbour] = distances[node] + 1
                    queue.append(neighbour)
        return distances

    def _reachable(self, source: Node) -> list[str]:
        return sorted(node for node in self._distances(source) if isinstance(node, str) and node != source)

    def _shortest_paths(self, source: Node, target: Node, via: Node | None) -> Iterator[list[Node]]:
        if via is None:
            yield from self._walk_back(self._distances(source), target)
            return
        for first in self._shortest_paths(source, via, None):
            for second in self._shortest_paths(via, target, None):
                yield first + second[1:]

    def _walk_back(self, distances: Mapping[Node, int], target: Node) -> Iterator[list[Node]]:
        if target not in distances:
            return
        if distances[target] == 0:
            yield [target]
            return
        before = [n for n, d in distances.items() if d == distances[target] - 1 and target in self._edges[n]]
        for node in before:
            for path in self._walk_back(distances, node):
                yield [*path, target]

    def _simple_paths(self, source: Node, target: Node, via: Node | None) -> Iterator[list[Node]]:
        def extend(path: list[Node]) -> Iterator[list[Node]]:
            for neighbour in self._edges[path[-1]]:
                if neighbour in path:
                    continue
                if neighbour == target:
                    yield [*path, neighbour]
                else:
                    yield from extend([*path, neighbour])

        return (path for path in extend([source]) if via is None or via in path)


def _through(via: Node | None) -> str:
    return f" through {via}" if via is not None else ""


def _same_map(one: Sequence, other: Sequence) -> bool:
    if one == other:
        return True
    if not (one.is_linear and other.is_linear):
        return False
    several: tuple[Axes, ...] = (("c", "x", "y", "z"), ("x", "y", "z"), ("c", "x", "y"), ("x", "y"))
    for axes in several:
        try:
            (first, rows), (second, others) = one.linear_map(axes), other.linear_map(axes)
        except TransformationError:
            continue
        if set(first) != set(second):
            return False
        order = [second.index(axis) for axis in first]
        return bool(np.allclose(rows, others[order], rtol=1e-9, atol=1e-12))
    return False


def _inverse_or_none(transformation: BaseTransformation) -> BaseTransformation | None:
    try:
        return transformation.inverse()
    except TransformationError:
        return None


def get_transformation_between_coordinate_systems(
    sdata: Any,
    source_coordinate_system: Any,
    target_coordinate_system: Any,
    intermediate_coordinate_systems: Any = None,
    shortest_path: bool = True,
) -> BaseTransformation:
    """The transformation from one coordinate system to another, through elements that have both and through links.

    Parameters
    ----------
    sdata
        The SpatialData object.
    source_coordinate_system, target_coordinate_system
        Names of coordinate systems, or elements, which stand for their intrinsic coordinates.
    intermediate_coordinate_systems
        A coordinate system or an element that the path must go through.
    shortest_path
        Take the path with the fewest transformations; with False any second path is an error.

    Returns
    -------
    The Identity if source and target are the same, a Sequence otherwise. A direct transformation wins over longer
    paths.

    Raises
    ------
    NoTransformationError
        There is no path; the message lists what can be reached.
    AmbiguousTransformationError
        Several paths are equally short and differ; the message lists them.
    UnknownCoordinateSystemError
        There is no coordinate system of that name.

    Examples
    --------
    >>> import numpy as np
    >>> from spatialdata import SpatialData
    >>> from spatialdata.models import Labels2DModel
    >>> from spatialdata.transformations import Identity, Scale
    >>> scale = Scale([2.0, 2.0], axes=("x", "y"))
    >>> labels = Labels2DModel.parse(np.zeros((4, 4), dtype=np.int32), transformations={"a": Identity(), "b": scale})
    >>> t = get_transformation_between_coordinate_systems(SpatialData(labels={"labels": labels}), "a", "b")
    >>> t.to_affine_matrix(("x",), ("x",))[0, 0]
    np.float64(2.0)
    """
    elements = {name: dict(transformations) for name, transformations in sdata.gen_transformations()}
    asked = (source_coordinate_system, target_coordinate_system, intermediate_coordinate_systems)
    names = [_element_name(sdata, item, elements) for item in asked]
    graph = CoordinateGraph(elements, sdata.coordinate_links)
    source, target, via = (
        graph.element(name) if name is not None else (graph.node(item) if item is not None else None)
        for name, item in zip(names, asked, strict=True)
    )
    if source is None or target is None:
        raise TypeError("Give a source and a target: names of coordinate systems, or elements.")
    return graph.between(source, target, via, shortest=shortest_path)


def _element_name(sdata: Any, item: Any, elements: dict[str, dict[str, BaseTransformation]]) -> str | None:
    """The node name of an element; one that is not in the object joins the graph with its own transformations."""
    if item is None or isinstance(item, str):
        return None
    places = sdata.locate_element(item)
    if places:
        return str(places[0]).split("/", 1)[1]
    name = f"element {id(item)}"
    elements[name] = dict(transformations_of(item))
    return name


def remove_transformations_to_coordinate_system(sdata: Any, coordinate_system: str) -> None:
    """Remove a coordinate system from all elements of an object, in place.

    Parameters
    ----------
    sdata
        The SpatialData object.
    coordinate_system
        The coordinate system to remove.

    Raises
    ------
    KeyError
        An element lacks the coordinate system; nothing is changed then.

    Examples
    --------
    >>> from spatialdata import SpatialData
    >>> remove_transformations_to_coordinate_system(SpatialData(), "global")
    """
    elements: Iterable[Any] = [element for _, _, element in sdata.gen_spatial_elements()]
    for element in elements:
        if coordinate_system not in transformations_of(element):
            remove_transformation(element, coordinate_system)
    for element in elements:
        remove_transformation(element, coordinate_system)
