// SPDX-License-Identifier: GPL-3.0-or-later

/** The part of the WebAssembly API that this project uses; TypeScript ships it only with the DOM library. */
declare namespace WebAssembly {
  class Module {
    constructor(bytes: Uint8Array)
  }
  class Memory {
    constructor(descriptor: { readonly initial: number; readonly maximum?: number })
    readonly buffer: ArrayBuffer
    grow(pages: number): number
  }
  class Instance {
    constructor(module: Module, imports?: Readonly<Record<string, Readonly<Record<string, unknown>>>>)
    readonly exports: Readonly<Record<string, unknown>>
  }
  function compile(bytes: Uint8Array): Promise<Module>
  function instantiate(
    module: Module,
    imports?: Readonly<Record<string, Readonly<Record<string, unknown>>>>,
  ): Promise<Instance>
}
