// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <algorithm>
#include <cmath>
#include <vector>

#include "field.h"
#include "parallel.h"

namespace zkml {

/** Overwrites what was secret; no compiler may leave it out. */
template <class T>
void wipe(std::vector<T>& secret) {
  std::fill(secret.begin(), secret.end(), T{});
  asm volatile("" : : "r"(secret.data()) : "memory");
}

/** The integer of an unaligned address. */
inline Int256 loadInteger(const void* address) {
  Int256 out;
  std::memcpy(&out, address, sizeof out);
  return out;
}

/** s or r − s, whichever is shorter, and whether it was turned: weights and accumulators are small numbers of both signs. */
inline bool shorten(Int256& scalar) {
  Int256 opposite;
  if (subtract(ScalarParameters::modulus, scalar, opposite)) return false;
  if (!opposite.isBelow(scalar)) return false;
  scalar = opposite;
  return true;
}

/**
 * Calls use(window, digit) for every digit of a scalar that is not zero: scalar = Σ digit·2^(window·bits) up to multiples of
 * r, |digit| ≤ 2^(bits − 1). windows·bits must be more than the length of the scalar, shortened.
 */
template <class Use>
void forEachDigit(Int256 scalar, unsigned bits, std::size_t windows, const Use& use) {
  const bool isNegative = shorten(scalar);
  const int half = 1 << (bits - 1);
  int carry = 0;
  for (std::size_t w = 0; w < windows; w++) {
    int digit = static_cast<int>(scalar.bits(static_cast<unsigned>(w) * bits, bits)) + carry;
    carry = digit > half ? 1 : 0;
    digit -= carry << bits;
    if (digit != 0) use(w, isNegative ? -digit : digit);
  }
}

/**
 * Scalars in signed digits: scalar = Σ_w digit(w)·2^(w·bits), |digit| ≤ 2^(bits − 1). The window width is the one that
 * takes the fewest additions for the lengths that occur, so that a witness of bits costs one digit a wire.
 */
class Digits {
 public:
  static constexpr unsigned maxBits = 15;

  /** @param scalars count 32-byte little-endian integers. */
  Digits(const char* scalars, std::size_t count, Control& control) : count(count) {
    std::vector<uint32_t> lengths(258, 0);
    std::mutex guard;
    parallelSlices(control, count, 4096, [&](std::size_t from, std::size_t to) {
      std::vector<uint32_t> own(258, 0);
      for (std::size_t i = from; i < to; i++) {
        Int256 scalar = loadInteger(scalars + 32 * i);
        shorten(scalar);
        own[scalar.bitLength()]++;
      }
      std::lock_guard<std::mutex> lock(guard);
      for (std::size_t l = 0; l < own.size(); l++) lengths[l] += own[l];
    });
    choose(lengths);
    digits_.resize(windows * count);
    entries_.assign(windows, 0);
    parallelSlices(control, count, 4096, [&](std::size_t from, std::size_t to) {
      std::vector<std::size_t> own(windows, 0);
      for (std::size_t i = from; i < to; i++) write(loadInteger(scalars + 32 * i), i, own);
      std::lock_guard<std::mutex> lock(guard);
      for (std::size_t w = 0; w < windows; w++) entries_[w] += own[w];
    });
  }

  /** They tell the scalars, which are a witness. */
  ~Digits() { wipe(digits_); }
  Digits(const Digits&) = delete;
  Digits& operator=(const Digits&) = delete;

  const std::size_t count;
  unsigned bits = 2;
  std::size_t windows = 0;

  std::size_t buckets() const { return std::size_t{1} << (bits - 1); }
  /** The digits of one window, one a scalar. */
  const int16_t* window(std::size_t w) const { return digits_.data() + w * count; }
  /** How many digits of a window are not zero. */
  std::size_t entries(std::size_t w) const { return entries_[w]; }

 private:
  std::vector<int16_t> digits_;
  std::vector<std::size_t> entries_;

  void choose(const std::vector<uint32_t>& lengths) {
    std::size_t longest = lengths.size() - 1;
    while (longest > 0 && lengths[longest] == 0) longest--;
    if (longest == 0) return;
    double best = INFINITY;
    for (unsigned width = 2; width <= maxBits; width++) {
      // A bucket is added to a row and to a column of sums.
      double cost = 2.0 * static_cast<double>(longest / width + 1) * static_cast<double>(1u << (width - 1));
      for (std::size_t l = 1; l <= longest; l++)
        cost += static_cast<double>(lengths[l]) * static_cast<double>(l / width + 1);
      if (cost >= best) continue;
      best = cost;
      bits = width;
    }
    // One bit more than the number has, for the carry.
    windows = longest / bits + 1;
  }

  void write(const Int256& scalar, std::size_t i, std::vector<std::size_t>& used) {
    forEachDigit(scalar, bits, windows, [&](std::size_t w, int digit) {
      used[w]++;
      digits_[w * count + i] = static_cast<int16_t>(digit);
    });
  }
};

}  // namespace zkml
