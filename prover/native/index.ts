// SPDX-License-Identifier: GPL-3.0-or-later

/** The C++ addon: field, curve, transforms and sums at the speed of the machine. */
export {
  loadNative,
  NATIVE_LEVELS,
  type NativeAddon,
  type NativeKey,
  type NativeLevel,
  type NativeStatus,
  nativeStatus,
} from './addon'
export { type NativeOptions, runNative } from './run'
