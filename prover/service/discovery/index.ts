// SPDX-License-Identifier: GPL-3.0-or-later

export {
  createDiscovery,
  type Discovery,
  type DiscoveryOptions,
  type DiscoverySettings,
  type DiscoveryStatus,
} from './discovery'
export * from './errors'
