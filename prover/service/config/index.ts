// SPDX-License-Identifier: GPL-3.0-or-later

export * from './accounts'
export * from './load'
export type { AccountConfig, ChainConfig, Config, MarketConfig, Scope } from './schema'
