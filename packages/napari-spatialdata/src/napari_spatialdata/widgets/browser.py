"""The dock widget "SpatialData": datasets, coordinate systems, elements."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qtpy.QtWidgets import (
    QCheckBox,
    QComboBox,
    QFileDialog,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from napari_spatialdata.controllers.display import Display
from napari_spatialdata.model.dataset import CONTAINERS
from napari_spatialdata.model.session import Session
from napari_spatialdata.widgets.color_panel import ColorPanel
from napari_spatialdata.widgets.element_tree import ElementTree
from napari_spatialdata.widgets.loading import Loader

if TYPE_CHECKING:
    from collections.abc import Iterable

    from napari.components import ViewerModel

    from napari_spatialdata.model.dataset import Entry

__all__ = ["BrowserWidget"]

_HINT = "Open a SpatialData store: File ▸ Open Folder…, or the button below."
_IDLE = "Double-click an element to add it."


class BrowserWidget(QWidget):  # type: ignore[misc]
    """Lists the elements of the open datasets by coordinate system and adds them as layers.

    Parameters
    ----------
    napari_viewer
        The viewer to which layers are added.

    Attributes
    ----------
    display
        Adds elements to the viewer; ``display.session`` holds the datasets.
    """

    def __init__(self, napari_viewer: ViewerModel) -> None:
        super().__init__()
        self.display = Display(napari_viewer, Session())
        self._loader = Loader(self)
        self._idle = _IDLE
        self.coordinate_systems = QComboBox()
        self.filter = QLineEdit()
        self.filter.setPlaceholderText("Filter elements")
        self.filter.setClearButtonEnabled(True)
        self.elements = ElementTree()
        self.add = QPushButton("Add layer")
        self.open = QPushButton("Open store…")
        self.point_limit = QSpinBox()
        self.draw_z = QCheckBox("Draw the z of points and circles")
        self.status = QLabel(_HINT)
        self.colors = ColorPanel(napari_viewer)
        self.setMinimumWidth(300)
        self._arrange()
        self._connect()
        self._list_systems()

    def _arrange(self) -> None:
        limit = self.display.settings.point_limit
        self.point_limit.setRange(0, 2_000_000_000)
        self.point_limit.setSingleStep(100_000)
        self.point_limit.setGroupSeparatorShown(True)
        self.point_limit.setSpecialValueText("all")
        self.point_limit.setValue(0 if limit is None else limit)
        self.point_limit.setToolTip("Of elements with more points a random sample is drawn, and the layer says so.")
        self.draw_z.setChecked(not self.display.settings.flatten)
        self.status.setWordWrap(True)
        shrink = QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon
        self.coordinate_systems.setSizeAdjustPolicy(shrink)
        form = QFormLayout()
        form.addRow("Coordinate system", self.coordinate_systems)
        buttons = QHBoxLayout()
        buttons.addWidget(self.add)
        buttons.addWidget(self.open)
        drawing = QFormLayout()
        drawing.addRow("Points at most", self.point_limit)
        drawing.addRow(self.draw_z)
        layout = QVBoxLayout(self)
        layout.addLayout(form)
        layout.addWidget(self.filter)
        layout.addWidget(self.elements, stretch=1)
        layout.addLayout(buttons)
        layout.addLayout(drawing)
        layout.addWidget(self.status)
        layout.addWidget(self.colors)

    def _connect(self) -> None:
        session = self.display.session
        session.datasets_changed.connect(self._list_systems)
        session.coordinate_system_changed.connect(self._on_system)
        self.coordinate_systems.textActivated.connect(session.select)
        self.filter.textChanged.connect(self.elements.filter)
        self.elements.chosen.connect(self.load)
        self.add.clicked.connect(lambda: self.load_all(self.elements.selected_entries()))
        self.open.clicked.connect(self._ask_for_store)
        self.point_limit.valueChanged.connect(self._on_settings)
        self.draw_z.toggled.connect(self._on_settings)
        self._loader.busy.connect(self._on_busy)

    def load(self, entry: Entry) -> None:
        """Add an element in the coordinate system that is shown, without blocking the window."""
        system = self.display.session.coordinate_system
        if system is not None:
            self._loader.submit(entry.label, partial(self.display.build, entry, system), self._insert)

    def load_all(self, entries: Iterable[Entry]) -> None:
        """Add several elements, images at the bottom and points on top."""
        for entry in sorted(entries, key=lambda entry: CONTAINERS.index(entry.container)):
            self.load(entry)

    def open_store(self, path: str | Path) -> None:
        """Read a store and list its elements, without blocking the window."""
        from spatialdata import read_zarr

        self._loader.submit(str(path), partial(read_zarr, Path(path)), self.display.session.add)

    def _insert(self, layers: list[Any]) -> None:
        self.display.insert(layers)
        notes = {reference.note: layer.name for layer, reference in self.display.layers() if layer in layers}
        self._idle = next((f"{name}: {note}" for note, name in notes.items() if note), _IDLE)
        shown = self.display.session.coordinate_system
        late = [(layer, ref) for layer, ref in self.display.layers() if layer in layers]
        if shown is not None and any(ref.coordinate_system != shown for _, ref in late):
            self.display.place(late, shown)

    def _ask_for_store(self) -> None:
        path = QFileDialog.getExistingDirectory(self, "Open a SpatialData store")
        if path:
            self.open_store(path)

    def _on_settings(self) -> None:
        self.display.settings = replace(
            self.display.settings,
            flatten=not self.draw_z.isChecked(),
            point_limit=self.point_limit.value() or None,
        )

    def _list_systems(self) -> None:
        session = self.display.session
        self.coordinate_systems.clear()
        self.coordinate_systems.addItems(session.coordinate_systems)
        self.coordinate_systems.setEnabled(bool(session.coordinate_systems))
        self._show_system()

    def _on_system(self, _previous: str | None, _system: str) -> None:
        self._show_system()

    def _show_system(self) -> None:
        session = self.display.session
        self.coordinate_systems.setCurrentText(session.coordinate_system or "")
        entries = session.entries(session.coordinate_system) if session.coordinate_system else []
        self.elements.set_entries(entries)
        self.elements.filter(self.filter.text())
        self.add.setEnabled(bool(entries))
        self.status.setText(_IDLE if entries else _HINT)

    def _on_busy(self, under_way: list[str]) -> None:
        self.status.setText(f"Reading {', '.join(under_way)} …" if under_way else self._idle)
