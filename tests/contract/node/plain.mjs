// What readers that know no SpatialData see: zarrita the arrays, ome-zarr.js the images, hyparquet the Parquet files.
import { asyncBufferFromFile, parquetReadObjects } from "hyparquet";
import { compressors } from "hyparquet-compressors";
import * as omezarr from "ome-zarr.js";
import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import * as zarr from "zarrita";
import { Folder, answer } from "./store.mjs";

const path = process.argv[2];
const store = new Folder(path);
const listed = await zarr.withMaybeConsolidatedMetadata(store);
const contents = "contents" in listed ? listed.contents().filter(({ path }) => path !== "/") : [];

const arrays = {};
for (const node of contents.filter(({ kind }) => kind === "array")) {
  const array = await zarr.open(zarr.root(listed).resolve(node.path), { kind: "array" });
  const { data, shape } = await zarr.get(array);
  arrays[node.path.slice(1)] = { shape, dtype: array.dtype, values: data };
}

function parquetFiles(folder) {
  return readdirSync(folder).flatMap((name) => {
    const file = join(folder, name);
    if (statSync(file).isDirectory()) return parquetFiles(file);
    return name.endsWith(".parquet") ? [file] : [];
  });
}

const rows = {};
for (const file of parquetFiles(path)) {
  const objects = await parquetReadObjects({ file: await asyncBufferFromFile(file), compressors });
  rows[file.slice(path.length + 1).replaceAll("\\", "/")] = objects;
}

const images = {};
for (const node of contents.filter(({ path, kind }) => kind === "group" && /^\/(images|labels)\/[^/]+$/.test(path))) {
  const opened = await omezarr.getMultiscaleWithArray(new Folder(join(path, node.path)), 0);
  images[node.path.slice(1)] = { shape: opened.arr.shape, datasets: opened.multiscale.datasets.map((one) => one.path) };
}
answer({ arrays, rows, images });
