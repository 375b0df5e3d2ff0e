// What the loaders of Vitessce read from a store: node vitessce.mjs STORE QUESTION, a JSON object by element.
import { register } from "node:module";
import { QueryClient } from "@tanstack/query-core";
import "./browser.mjs";
import { Folder, answer } from "./store.mjs";

register("./vitessce_hooks.mjs", import.meta.url);
const vitessce = await import("@vitessce/spatial-zarr");

const [path, question] = process.argv.slice(2);
const asked = JSON.parse(question);

function opened(Source) {
  const folder = new Folder(path);
  const queryClient = new QueryClient();
  return { folder, source: new Source({ store: folder, queryClient, fileType: "spatialdata.zarr" }) };
}

function loader(Loader, Source, options) {
  const { folder, source } = opened(Source);
  return { folder, loader: new Loader(source, { options, coordinationValues: {} }) };
}

async function points({ path, system, boxes }) {
  const options = { path, coordinateSystem: system };
  const { loader: all } = loader(vitessce.SpatialDataObsPointsLoader, vitessce.SpatialDataPointsSource, options);
  const { data } = await all.load();
  const result = { tiling: data.obsPointsTilingType, matrix: data.obsPointsModelMatrix };
  if (result.tiling === "full") return { ...result, index: data.obsIndex, xy: data.obsPoints.data, features: data.featureIds };
  result.boxes = [];
  for (const [left, top, right, bottom] of boxes ?? []) {
    const { folder, loader: one } = loader(vitessce.SpatialDataObsPointsLoader, vitessce.SpatialDataPointsSource, options);
    const found = await one.loadPointsInRect({ left, top, right, bottom });
    result.boxes.push({ ...found.data, bytes: folder.bytes });
  }
  return result;
}

async function circles({ path, system }) {
  const { loader: one } = loader(vitessce.SpatialDataObsSpotsLoader, vitessce.SpatialDataShapesSource, { path, coordinateSystem: system });
  const { data } = await one.load();
  return { index: data.obsIndex, xy: data.obsSpots.data, radius: (await one.loadRadius()).data };
}

async function polygons({ path, system }) {
  const { loader: one } = loader(vitessce.SpatialDataObsSegmentationsLoader, vitessce.SpatialDataShapesSource, { path, coordinateSystem: system });
  const { data } = await one.load();
  return { index: data.obsIndex, rings: data.obsSegmentations.data };
}

async function table({ path, columns, matrix }) {
  const { source } = opened(vitessce.SpatialDataTableSource);
  return {
    attrs: await source.loadSpatialDataElementAttrs(path),
    ids: await source.loadObsIndex(path),
    genes: await source.loadVarIndex(path),
    columns: await source.loadObsColumns(columns.map((name) => `${path}/obs/${name}`)),
    first: matrix ? (await source.loadNumeric(`${path}/${matrix}`)).data : null,
  };
}

async function raster(Loader, { path, system, level, selection }) {
  const { loader: one } = loader(Loader, vitessce.SpatialDataTableSource, { path, coordinateSystem: system });
  const { data } = await one.load();
  const image = (data.image ?? data.obsSegmentations).instance;
  const sources = image.getData();
  const shown = await sources[level].getRaster({ selection });
  return {
    shapes: sources.map((source) => source.shape),
    channels: image.getChannelNames(),
    matrix: image.getModelMatrix(),
    width: shown.width,
    height: shown.height,
    pixels: shown.data,
  };
}

const READ = {
  points,
  circles,
  polygons,
  table,
  image: (asked) => raster(vitessce.SpatialDataImageLoader, asked),
  labels: (asked) => raster(vitessce.SpatialDataLabelsLoader, asked),
};

const found = {};
for (const [name, one] of Object.entries(asked)) found[name] = await READ[one.kind](one);
answer(found);
