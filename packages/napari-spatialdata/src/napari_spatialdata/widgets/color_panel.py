"""Colours the selected layer by a column or a gene, and says what the colours mean."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any

from qtpy.QtGui import QColor, QIcon, QPixmap
from qtpy.QtWidgets import (
    QComboBox,
    QGroupBox,
    QHBoxLayout,
    QLabel,
    QListWidget,
    QListWidgetItem,
    QPushButton,
    QVBoxLayout,
)
from superqt import QSearchableComboBox

from napari_spatialdata.controllers.coloring import color_layer
from napari_spatialdata.layers.colors import MISSING, Legend
from napari_spatialdata.model.reference import reference_of
from napari_spatialdata.model.values import ValueKey, value_keys

if TYPE_CHECKING:
    from napari.components import ViewerModel

__all__ = ["ColorPanel"]

_LISTED = 100


class ColorPanel(QGroupBox):  # type: ignore[misc]
    """Choose what the active layer is coloured by; hidden columns are found by typing."""

    def __init__(self, viewer: ViewerModel) -> None:
        super().__init__("Colour by")
        self._viewer = viewer
        self._keys: dict[str, ValueKey] = {}
        self.column = QSearchableComboBox()
        self.column.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.apply = QPushButton("Apply")
        self.caption = QLabel()
        self.caption.setWordWrap(True)
        self.legend = QListWidget()
        self.legend.setMaximumHeight(140)
        row = QHBoxLayout()
        row.addWidget(self.column, stretch=1)
        row.addWidget(self.apply)
        layout = QVBoxLayout(self)
        layout.addLayout(row)
        layout.addWidget(self.caption)
        layout.addWidget(self.legend)
        self.apply.clicked.connect(self._color)
        viewer.layers.selection.events.active.connect(self._list_columns)
        self._list_columns()

    def _list_columns(self, _event: Any = None) -> None:
        layer = self._viewer.layers.selection.active
        reference = None if layer is None else reference_of(layer)
        usable = reference is not None and reference.container != "images"
        keys = value_keys(reference.dataset, reference.element) if usable and reference is not None else []
        self._keys = {str(key): key for key in keys}
        self.column.clear()
        self.column.addItems(list(self._keys))
        self.column.setEnabled(bool(keys))
        self.column.lineEdit().setCursorPosition(0)
        self.apply.setEnabled(bool(keys))
        self.legend.clear()
        self.legend.setVisible(False)
        if layer is None or not usable:
            self.caption.setText("Select a layer of labels, points or shapes.")
        else:
            self.caption.setText(layer.name if keys else f"{layer.name} has no columns and no table.")

    def _color(self) -> None:
        layer = self._viewer.layers.selection.active
        self.column.lineEdit().setCursorPosition(0)
        key = self._keys.get(self.column.currentText())
        if layer is None or key is None:
            self.caption.setText(f"There is no column {self.column.currentText()!r}.")
            return
        self._show(color_layer(layer, key))

    def _show(self, legend: Legend) -> None:
        self.legend.clear()
        entries = dict(islice(legend.categories.items(), _LISTED))
        count = len(legend.categories)
        missing = f" {legend.missing} without a value (grey)." if legend.missing else ""
        if legend.limits is None:
            repeat = " Colours repeat." if len(set(legend.categories.values())) < count else ""
            rest = f" The first {_LISTED} are listed." if count > _LISTED else ""
            self.caption.setText(f"{legend.title}: {count:,} categories.{repeat}{rest}{missing}")
        else:
            low, high = legend.limits
            self.caption.setText(f"{legend.title}: viridis from {low:g} to {high:g}.{missing}")
        if legend.missing and entries:
            entries["no value"] = MISSING
        for name, color in entries.items():
            swatch = QPixmap(12, 12)
            swatch.fill(QColor(color))
            self.legend.addItem(QListWidgetItem(QIcon(swatch), name))
        self.legend.setVisible(bool(entries))
