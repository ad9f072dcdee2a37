// SPDX-License-Identifier: GPL-3.0-or-later

export * from './accounts'
export * from './api'
export * from './error'
export * from './load'
export { SCOPES, type AccountConfig, type ChainConfig, type Config, type MarketConfig, type Scope } from './schema'
