/** The part of WebAssembly that the wasm device uses; Node has it, @types/node does not. */
declare namespace WebAssembly {
  interface Memory {
    readonly buffer: ArrayBuffer;
  }
  interface Instance {
    readonly exports: Readonly<Record<string, unknown>>;
  }
  type Imports = Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  const validate: (bytes: Uint8Array) => boolean;
  const Memory: new (limits: { readonly initial: number }) => Memory;
  const Module: new (bytes: Uint8Array) => object;
  const Instance: new (module: object, imports: Imports) => Instance;
}
