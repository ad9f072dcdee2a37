// SPDX-License-Identifier: GPL-3.0-or-later

export * from './data-key'
export * from './database'
export * from './errors'
export * from './job'
export * from './open'
export * from './store'
export * from './transaction'
