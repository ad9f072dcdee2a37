// SPDX-License-Identifier: GPL-3.0-or-later

import type { Story } from '../scene'
import { ammSpread } from './amm-spread'
import { npcDialogue } from './npc-dialogue'
import { optionPricer } from './option-pricer'
import { creditDefault, tumourScreening } from './validity'
import { sybilAirdrop } from './sybil-airdrop'

/** Every use case that can be told, in the order of docs/use-cases.md. */

/** Every use case that can be told, in the order of docs/use-cases.md. */
export const STORIES: readonly Story[] = [
  ammSpread,
  optionPricer,
  sybilAirdrop,
  creditDefault,
  tumourScreening,
  npcDialogue,
]
