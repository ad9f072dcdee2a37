// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "digits.h"
#include "groups.h"

namespace zkml {

/**
 * Multiples of one point by many scalars. For window w of the signed digits a table holds j·2^(w·bits)·G, j = 1 …
 * 2^(bits − 1), so that a multiple is a sum of one entry a window.
 */
template <class F>
class FixedBase {
 public:
  FixedBase(const Affine<F>& base, std::size_t scalars, Control& control)
      : bits_(widthFor(scalars)), windows_(254 / bits_ + 1), half_(std::size_t{1} << (bits_ - 1)),
        table_(windows_ * half_) {
    Extended<F> power = Extended<F>::from(base);
    for (std::size_t w = 0; w < windows_; w++) {
      table_[w * half_] = power.toAffine();
      for (unsigned i = 0; i < bits_; i++) power = power.doubled();
    }
    parallelFor(control, windows_, [&](std::size_t w) { fill(table_.data() + w * half_); });
  }

  static constexpr std::size_t chunk = 1024;

  /** out[i] = scalar[i]·base for i < count ≤ chunk. */
  void multiply(const char* scalars, std::size_t count, char* out, GroupSums<F>& sums) const {
    Groups groups;
    groups.start.push_back(0);
    // At once, so that no copy of the digits, which are the secret, is left behind.
    groups.entries.reserve(count * windows_);
    for (std::size_t i = 0; i < count; i++) {
      forEachDigit(loadInteger(scalars + 32 * i), bits_, windows_, [&](std::size_t w, int digit) {
        const std::size_t at = w * half_ + static_cast<std::size_t>(std::abs(digit)) - 1;
        groups.entries.push_back(static_cast<Entry>(2 * at + (digit < 0 ? 1 : 0)));
      });
      groups.start.push_back(static_cast<uint32_t>(groups.entries.size()));
    }
    std::vector<Affine<F>> points(count);
    sums.sum(reinterpret_cast<const char*>(table_.data()), groups, points.data());
    std::memcpy(out, points.data(), count * sizeof(Affine<F>));
    wipe(groups.entries);
  }

 private:
  const unsigned bits_;
  const std::size_t windows_, half_;
  std::vector<Affine<F>> table_;

  static unsigned widthFor(std::size_t scalars) {
    unsigned best = 4;
    auto cost = [&](unsigned width) {
      return (254.0 / width + 1) * (static_cast<double>(scalars) + static_cast<double>(1u << (width - 1)));
    };
    for (unsigned width = 5; width <= 15; width++)
      if (cost(width) < cost(best)) best = width;
    return best;
  }

  /** From j·P for j ≤ known to j·P for j ≤ 2·known: (known + j)·P = known·P + j·P. */
  void fill(Affine<F>* multiple) {
    Batch<F> batch;
    std::vector<Term> a, b;
    std::vector<char*> out;
    auto addressOf = [&](std::size_t j) { return reinterpret_cast<char*>(multiple + j - 1); };
    for (std::size_t known = 1; known < half_; known *= 2) {
      for (std::size_t from = 1; from <= known; from += Batch<F>::capacity) {
        a.clear(), b.clear(), out.clear();
        for (std::size_t j = from; j <= known && j < from + Batch<F>::capacity; j++) {
          a.push_back({addressOf(known), false});
          b.push_back({addressOf(j), false});
          out.push_back(addressOf(known + j));
        }
        batch.add(a.size(), a.data(), b.data(), out.data());
      }
    }
  }
};

/** Multiples of many points, each by a scalar of its own: signed digits of four bits, all points in step. */
template <class F>
class VariableBase {
 public:
  static constexpr std::size_t chunk = Batch<F>::capacity;

  VariableBase() : table_(half * chunk), scalar_(chunk) {}
  ~VariableBase() { wipe(scalar_); }

  /** out[i] = scalar[i]·point[i] for i < count ≤ chunk; out must not overlap the points. */
  void multiply(const Term* points, const Int256* scalars, std::size_t count, Affine<F>* out) {
    unsigned longest = 0;
    for (std::size_t i = 0; i < count; i++) {
      scalar_[i] = scalars[i];
      const bool isTurned = shorten(scalar_[i]);
      longest = std::max(longest, scalar_[i].bitLength());
      table_[i] = read<F>({points[i].point, points[i].isNegative != isTurned});
      out[i] = Affine<F>::infinity();
    }
    if (longest == 0) return;
    // j·P from (j − 1)·P + P, or 2·(j/2)·P.
    for (std::size_t j = 2; j <= half; j++) {
      for (std::size_t i = 0; i < count; i++) push(entry(j % 2 == 0 ? j / 2 : j - 1, i), entry(1, i), entry(j, i));
      if (j % 2 == 0)
        flushDoublings();
      else
        flush();
    }
    // All carries at once: adding 8 to each digit makes them digits from 0 to 15, of which 8 is subtracted again.
    const unsigned windows = longest / bits + 1;
    for (std::size_t i = 0; i < count; i++) scalar_[i] = recoded(scalar_[i], windows);
    for (unsigned w = windows; w-- > 0;) {
      if (w + 1 < windows) {
        for (unsigned k = 0; k < bits; k++) {
          for (std::size_t i = 0; i < count; i++) push(bytes(out + i), bytes(out + i), bytes(out + i));
          flushDoublings();
        }
      }
      for (std::size_t i = 0; i < count; i++) {
        int digit = static_cast<int>(scalar_[i].bits(w * bits, bits)) - (w + 1 < windows ? static_cast<int>(half) : 0);
        if (digit == 0) continue;
        push(bytes(out + i), entry(static_cast<std::size_t>(std::abs(digit)), i), bytes(out + i), digit < 0);
      }
      flush();
    }
  }

 private:
  static constexpr unsigned bits = 4;
  static constexpr std::size_t half = 8;

  Batch<F> batch_;
  std::vector<Affine<F>> table_;
  std::vector<Int256> scalar_;
  std::vector<Term> a_, b_;
  std::vector<char*> to_;

  static char* bytes(Affine<F>* point) { return reinterpret_cast<char*>(point); }
  char* entry(std::size_t j, std::size_t i) { return bytes(table_.data() + (j - 1) * chunk + i); }

  void push(char* a, char* b, char* to, bool isNegative = false) {
    a_.push_back({a, false});
    b_.push_back({b, isNegative});
    to_.push_back(to);
  }
  void flush() {
    batch_.add(a_.size(), a_.data(), b_.data(), to_.data());
    a_.clear(), b_.clear(), to_.clear();
  }
  void flushDoublings() {
    batch_.doubleAll(a_.size(), a_.data(), to_.data());
    a_.clear(), b_.clear(), to_.clear();
  }

  /** scalar + Σ_{w < windows − 1} 8·16^w. */
  static Int256 recoded(const Int256& scalar, unsigned windows) {
    Int256 out = scalar;
    u64 carry = 0;
    for (unsigned word = 0; word < 4; word++) {
      u64 eights = 0;
      for (unsigned w = word * 16; w < (word + 1) * 16 && w + 1 < windows; w++) eights |= u64{half} << (w % 16 * bits);
      u128 sum = u128{out.word[word]} + eights + carry;
      out.word[word] = static_cast<u64>(sum);
      carry = static_cast<u64>(sum >> 64);
    }
    return out;
  }
};

}  // namespace zkml
