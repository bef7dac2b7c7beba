/**
 * The scripted engine and its samples, for tests, the preview in a browser and the gallery.
 */
export { FakeEngine, type FakeOptions } from "./fake/engine";
export * as samples from "./fake/samples";
export * as calls from "./fake/calls";
export { writings } from "./fake/writings";
export { notes } from "./fake/notes";
