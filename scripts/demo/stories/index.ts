// SPDX-License-Identifier: GPL-3.0-or-later

import type { Story } from '../scene'
import { ammSpread } from './amm-spread'
import { contractRisk } from './contract-risk'
import { flowToxicity } from './flow-toxicity'
import { npcDialogue } from './npc-dialogue'
import { optionPricer } from './option-pricer'
import { riskEngine } from './risk-engine'
import { spriteDiffusion } from './sprite-diffusion'
import { sybilAirdrop } from './sybil-airdrop'
import { creditDefault, tumourScreening } from './validity'

/** Every use case that can be told, in the order of docs/use-cases.md. */
export const STORIES: readonly Story[] = [
  ammSpread,
  riskEngine,
  optionPricer,
  flowToxicity,
  sybilAirdrop,
  contractRisk,
  creditDefault,
  tumourScreening,
  spriteDiffusion,
  npcDialogue,
]
