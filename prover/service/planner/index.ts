// SPDX-License-Identifier: GPL-3.0-or-later

export type { PlannerContext, ServedChain } from './context'
export { onReorg, onRequest } from './discover'
export * from './errors'
export { GasTracker } from './gas-tracker'
export { checkCommitment, loadInput, saveInput, type JobInput } from './inputs'
export { JobBoard, type JobNews } from './jobs'
export type { MarketChain, MarketPolicy } from './market-chain'
export { createServedChain } from './served-chain'
export { onSettled } from './settle'
export { startWorkers, type Workers } from './workers'
