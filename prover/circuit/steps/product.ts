// SPDX-License-Identifier: GPL-3.0-or-later

import type { ProductStep } from '../../quantize'
import { elementFeed } from '../feed'
import { product as productGadget, type Gadget } from '../gadgets'
import type { ElementForm } from '../linker'
import type { CircuitStep } from './step'

export type ProductPlan = { readonly kind: 'product'; readonly step: ProductStep; readonly gadget: Gadget }

export const product: CircuitStep<ProductStep, ProductPlan> = {
  plan: (_, step) => ({ kind: 'product', step, gadget: productGadget() }),
  *gadgets({ step, gadget }) {
    for (let i = 0; i < step.indexA.length; i++) yield gadget
  },
  link(linker, { step: { a, b, indexA, indexB, output }, gadget }) {
    const forms = Array.from(indexA, (i, at): ElementForm => {
      const feeds = [elementFeed(a, i), elementFeed(b, indexB[at]!)]
      return { wire: linker.instance(gadget, feeds), offset: 0n }
    })
    linker.define(output, forms)
  },
}
