// SPDX-License-Identifier: GPL-3.0-or-later

export { createDiscovery } from './discovery'
export * from './errors'
export * from './types'
