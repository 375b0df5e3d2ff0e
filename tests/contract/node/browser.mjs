// As much of a browser as libraries ask for while they are imported.
const element = new Proxy(function element() {}, { get: (_, name) => (name === "style" ? {} : element), apply: () => element });
globalThis.window ??= globalThis;
globalThis.document ??= { createElement: () => element, documentElement: element, addEventListener() {}, head: element };
