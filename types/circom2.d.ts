// SPDX-License-Identifier: GPL-3.0-or-later

/** The part of circom2 this project uses. */
declare module 'circom2' {
  export class CircomRunner {
    constructor(options: {
      readonly args: readonly string[]
      readonly env: Readonly<Record<string, string>>
      readonly preopens: Readonly<Record<string, string>>
      readonly bindings: Readonly<Record<string, unknown>>
    })
    readonly wasi: {
      getImports(module: WebAssembly.Module): WebAssembly.Imports
      start(instance: WebAssembly.Instance): void
    }
  }
  export const bindings: Readonly<Record<string, unknown>>
}
