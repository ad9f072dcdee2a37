// SPDX-License-Identifier: GPL-3.0-or-later

export { firstUnsatisfiedRow } from './check'
export { GadgetCalculator, WitnessError } from './gadget-calculator'
export * from './generate'
