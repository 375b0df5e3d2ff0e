// The functions that Vitessce loads from its own address: a build of parquet-wasm that reads a footer and a row group
// without the rest of a file. Here they are made of the released parquet-wasm and of hyparquet.
import { parquetMetadata } from "hyparquet";
import { readParquet, readSchema } from "parquet-wasm";

export { readParquet, readSchema };

export default async function load() {}

function footer(bytes) {
  return parquetMetadata(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length));
}

export function readMetadata(bytes) {
  const found = footer(bytes);
  return {
    fileMetadata: () => ({ numRows: () => Number(found.num_rows) }),
    numRowGroups: () => found.row_groups.length,
    rowGroup: (number) => ({
      numRows: () => Number(found.row_groups[number].num_rows),
      fileOffset: () => Number(found.row_groups[number].file_offset),
      compressedSize: () => Number(found.row_groups[number].total_compressed_size),
    }),
  };
}

export function readParquetRowGroup(footerBytes, groupBytes, number) {
  const offset = Number(footer(footerBytes).row_groups[number].file_offset);
  const file = new Uint8Array(offset + groupBytes.length + footerBytes.length);
  file.set(groupBytes, offset);
  file.set(footerBytes, offset + groupBytes.length);
  return readParquet(file, { rowGroups: [number] });
}
