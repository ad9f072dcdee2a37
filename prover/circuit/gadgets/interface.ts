// SPDX-License-Identifier: GPL-3.0-or-later

import { one, type Gadget } from './gadget'

export function inputDigit(bits: number): Gadget {
  return {
    template: 'InputDigit',
    file: 'range/input_digit.circom',
    parameters: [bits],
    inputs: [one('digit')],
    outputs: [],
    // The gadget is what proves this interval; nothing is known of a digit before.
    requires: [],
    guarantees: [],
    rows: bits,
    digits: bits,
  }
}

export function poseidonLink(): Gadget {
  return {
    template: 'PoseidonLink',
    file: 'commitment/poseidon_link.circom',
    parameters: [],
    inputs: [one('previous'), { name: 'words', size: 4 }],
    outputs: [one('out')],
    requires: [],
    guarantees: [undefined],
    rows: 324,
    digits: 0,
  }
}

export function bindContext(): Gadget {
  return {
    template: 'BindContext',
    file: 'context/bind_context.circom',
    parameters: [],
    inputs: [one('context')],
    outputs: [],
    requires: [],
    guarantees: [],
    rows: 1,
    digits: 0,
  }
}
