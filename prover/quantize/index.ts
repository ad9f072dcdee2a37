// SPDX-License-Identifier: GPL-3.0-or-later

export { buildProgram } from './build-program'
export * from './evaluate'
export * from './program'
export * from './quantize'
export * from './quantized'
export * from './ranges'
export * from './recipe'
export * from './tables'
export type { LinearMap, MapSource } from './linear-map'
export type { Groups } from './linear-ops'
export { sizeOf } from './linear-ops'
