// SPDX-License-Identifier: GPL-3.0-or-later

export * from './canonical-json'
export * from './commitment'
export * from './context'
export * from './domains'
export * from './errors'
export * from './field'
export * from './fixed-point'
export * from './identity'
export * from './input-commitment'
export * from './packing'
export * from './proof-blob'
export * from './schema'
