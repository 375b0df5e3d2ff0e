// Gives Vitessce its Parquet functions without a network.
const OWN = "https://cdn.vitessce.io/parquet-wasm@";

export async function resolve(specifier, context, next) {
  if (specifier.startsWith(OWN)) return next(new URL("./vitessce_parquet.mjs", import.meta.url).href, context);
  return next(specifier, context);
}
