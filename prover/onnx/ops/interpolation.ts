// SPDX-License-Identifier: GPL-3.0-or-later

/** Where on the input axis an element of the output lies, as Resize names it. */
export const COORDINATE_MODES = [
  'half_pixel',
  'half_pixel_symmetric',
  'pytorch_half_pixel',
  'align_corners',
  'asymmetric',
  'tf_half_pixel_for_nn',
  'tf_crop_and_resize',
] as const

export const NEAREST_MODES = ['round_prefer_floor', 'round_prefer_ceil', 'floor', 'ceil'] as const
export const INTERPOLATIONS = ['nearest', 'linear', 'cubic'] as const

/** How Resize interpolates, the same for all axes. */
export type Interpolation = {
  readonly mode: (typeof INTERPOLATIONS)[number]
  readonly coordinates: (typeof COORDINATE_MODES)[number]
  readonly nearest: (typeof NEAREST_MODES)[number]
  readonly cubicA: number
  readonly antialias: boolean
  readonly excludeOutside: boolean
}

/** One axis: its sizes, the scale of output to input as a fraction, and the part of the input that tf_crop_and_resize takes. */
export type ResizedAxis = {
  readonly from: number
  readonly to: number
  readonly scale: { readonly over: number; readonly under: number }
  readonly crop: readonly [number, number]
}

/** An element of the input axis and its weight. */
export type Tap = { readonly at: number; readonly weight: number }

/** Smaller weights are rounding errors of 0. */
const NEGLIGIBLE = 1e-9

/**
 * The elements of the input axis that every element of the output axis is the weighted sum of, as the ONNX reference
 * implementation (onnx/reference/ops/op_resize.py) interpolates; undefined where it is extrapolated.
 */
export function tapsOf(axis: ResizedAxis, how: Interpolation): readonly (readonly Tap[] | undefined)[] {
  return Array.from({ length: axis.to }, (_, position) => {
    const x = coordinate(axis, how, position)
    if (how.coordinates === 'tf_crop_and_resize' && (x < 0 || x > axis.from - 1)) return undefined
    if (how.mode === 'nearest') return [{ at: clamp(round(x, how.nearest), axis.from), weight: 1 }]
    return weigh(axis, how, x)
  })
}

/** The scale stays a fraction, so that a coordinate that is whole comes out whole. */
function coordinate({ from, to, scale, crop }: ResizedAxis, how: Interpolation, position: number): number {
  const back = (at: number) => (at * scale.under) / scale.over
  const length = (from * scale.over) / scale.under
  switch (how.coordinates) {
    case 'half_pixel':
      return back(position + 0.5) - 0.5
    case 'half_pixel_symmetric':
      return (from / 2) * (1 - to / length) + back(position + 0.5) - 0.5
    case 'pytorch_half_pixel':
      return length > 1 ? back(position + 0.5) - 0.5 : 0
    case 'align_corners':
      return length === 1 ? 0 : (position * (from - 1)) / (length - 1)
    case 'asymmetric':
      return back(position)
    case 'tf_half_pixel_for_nn':
      return back(position + 0.5)
    case 'tf_crop_and_resize': {
      const [start, end] = crop
      if (length === 1) return (start + (end - start) / 2) * (from - 1)
      return (start + (position * (end - start)) / (length - 1)) * (from - 1)
    }
  }
}

function round(x: number, mode: Interpolation['nearest']): number {
  if (mode === 'floor') return Math.floor(x)
  if (mode === 'ceil') return Math.ceil(x)
  return mode === 'round_prefer_ceil' ? Math.floor(x + 0.5) : Math.ceil(x - 0.5)
}

function weigh({ from, scale }: ResizedAxis, how: Interpolation, x: number): readonly Tap[] {
  // A filter for a smaller image is stretched over all that an element of it covers.
  const stretch = how.antialias ? Math.min(scale.over / scale.under, 1) : 1
  const radius = (how.mode === 'linear' ? 1 : 2) / stretch
  const weights = new Map<number, number>()
  let total = 0
  for (let at = Math.ceil(x - radius); at <= Math.floor(x + radius); at++) {
    if (how.excludeOutside && at !== clamp(at, from)) continue
    const weight = kernel(Math.abs(at - x) * stretch, how)
    const inside = clamp(at, from)
    weights.set(inside, (weights.get(inside) ?? 0) + weight)
    total += weight
  }
  const scaled = how.antialias || how.excludeOutside ? total : 1
  return [...weights].flatMap(([at, weight]) =>
    Math.abs(weight) < NEGLIGIBLE ? [] : [{ at, weight: weight / scaled }],
  )
}

function kernel(distance: number, { mode, cubicA: a }: Interpolation): number {
  const d = distance
  if (mode === 'linear') return Math.max(1 - d, 0)
  if (d <= 1) return ((a + 2) * d - (a + 3)) * d * d + 1
  return d < 2 ? ((a * d - 5 * a) * d + 8 * a) * d - 4 * a : 0
}

function clamp(at: number, size: number): number {
  return Math.min(Math.max(at, 0), size - 1)
}
