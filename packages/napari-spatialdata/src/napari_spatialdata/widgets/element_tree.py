"""The list of elements, by dataset."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import QAbstractItemView, QHeaderView, QTreeWidget, QTreeWidgetItem

if TYPE_CHECKING:
    from collections.abc import Iterable

    from napari_spatialdata.model.dataset import Entry

__all__ = ["ElementTree"]

_KINDS = {"images": "image", "labels": "labels", "points": "points", "shapes": "shapes"}
_ENTRY = Qt.ItemDataRole.UserRole


class ElementTree(QTreeWidget):  # type: ignore[misc]
    """Elements under their datasets; emits ``chosen`` with an entry on double click or Enter."""

    chosen = Signal(object)

    def __init__(self) -> None:
        super().__init__()
        self.setHeaderLabels(["Element", "Kind"])
        self.header().setStretchLastSection(False)
        self.header().setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        self.header().setSectionResizeMode(1, QHeaderView.ResizeMode.ResizeToContents)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.itemActivated.connect(self._on_activated)

    def set_entries(self, entries: Iterable[Entry]) -> None:
        """List these elements instead of the ones before."""
        self.clear()
        parents: dict[str, QTreeWidgetItem] = {}
        for entry in entries:
            parent = parents.get(entry.dataset.name)
            if parent is None:
                parent = parents[entry.dataset.name] = QTreeWidgetItem(self, [entry.dataset.name])
                parent.setToolTip(0, str(entry.dataset.sdata.path or "not written to disk"))
            item = QTreeWidgetItem(parent, [entry.label, _KINDS[entry.container]])
            item.setToolTip(0, entry.label)
            item.setData(0, _ENTRY, entry)
        self.expandAll()

    def filter(self, text: str) -> None:
        """Show only elements whose name contains the text, whatever its case."""
        for item in self._leaves():
            item.setHidden(text.casefold() not in item.text(0).casefold())

    def selected_entries(self) -> list[Entry]:
        """The elements that are selected and not filtered out."""
        return [item.data(0, _ENTRY) for item in self._leaves() if item.isSelected() and not item.isHidden()]

    def shown_labels(self) -> list[str]:
        """The labels of the elements that are not filtered out, from top to bottom."""
        return [item.text(0) for item in self._leaves() if not item.isHidden()]

    def _leaves(self) -> list[Any]:
        tops = (self.topLevelItem(row) for row in range(self.topLevelItemCount()))
        return [top.child(row) for top in tops for row in range(top.childCount())]

    def _on_activated(self, item: QTreeWidgetItem, _column: int) -> None:
        entry = item.data(0, _ENTRY)
        if entry is not None:
            self.chosen.emit(entry)
