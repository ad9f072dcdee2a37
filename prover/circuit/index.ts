// SPDX-License-Identifier: GPL-3.0-or-later

export * from './constraint-builder'
export * from './feed'
export { GadgetCompiler, GadgetError, type CompiledGadget } from './gadget-compiler'
export type { Gadget, Interval } from './gadgets'
export * from './link'
export * from './linker'
export * from './plan-program'
export { toolVersions } from './gadget-source'
export { priceProgram } from './price'
export * from './audit'
export * from './assemble'
export * from './export-circom'
