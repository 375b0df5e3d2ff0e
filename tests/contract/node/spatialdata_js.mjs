// What SpatialData.js reads from a store: node spatialdata_js.mjs STORE.
import { readZarr } from "@spatialdata/core";
import { Folder, answer } from "./store.mjs";

const bad = [];
const sdata = await readZarr(new Folder(process.argv[2]), undefined, (file, error) => bad.push(`${file}: ${error.message}`));

function matrices(element) {
  return Object.fromEntries([...element.getAllTransformations()].map(([name, one]) => [name, one.toArray()]));
}

function raster(element) {
  return {
    axes: element.attrs.multiscales[0].axes.map((axis) => axis.name),
    levels: element.scaleLevels,
    channels: element.channels?.map((channel) => channel.label),
    matrices: Object.fromEntries(
      element.attrs.multiscales[0].coordinateTransformations.map(({ output }) => [
        output.name,
        element.getTransformationForLevel(0, output.name).element.value.toArray(),
      ]),
    ),
  };
}

async function shapes(element) {
  const { featureIds, polygons, circles, geometryKind } = await element.loadRenderData();
  return { matrices: matrices(element), kind: geometryKind, ids: featureIds, polygons, circles };
}

async function points(element) {
  const found = await element.loadPoints();
  return { matrices: matrices(element), coordinates: found.data };
}

async function table(element) {
  const names = element.getObsColumnNames();
  const columns = await element.loadObsColumns(names);
  return {
    keys: element.getTableKeys(),
    ids: await element.loadObsIndex(),
    obs: Object.fromEntries(names.map((name, number) => [name, columns[number]])),
  };
}

const READ = { images: raster, labels: raster, shapes, points, tables: table };
const elements = {};
for (const [kind, read] of Object.entries(READ)) {
  for (const [name, element] of Object.entries(sdata[kind] ?? {})) elements[`${kind}/${name}`] = await read(element);
}
answer({ bad, systems: sdata.coordinateSystems, elements });
