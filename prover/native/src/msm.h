// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <memory>

#include "digits.h"
#include "groups.h"

namespace zkml {

/** A set of indices. */
class Bitmap {
 public:
  explicit Bitmap(std::size_t count = 0) : word_((count + 63) / 64, 0) {}
  bool operator[](std::size_t i) const { return (word_[i / 64] >> (i % 64) & 1) != 0; }
  void set(std::size_t i) { word_[i / 64] |= u64{1} << (i % 64); }

 private:
  std::vector<u64> word_;
};

/** Σ scalar·point over the points of one array, some of which may be left out. */
template <class F>
struct MsmJob {
  /** Point i, unaligned, belongs to scalar i + offset. */
  const char* points;
  std::size_t offset;
  /** Points that are not infinity, or null: all. */
  const Bitmap* finite;
  const Digits* digits;
};

/** A job cut into pieces that can be done at the same time. */
template <class F>
class Msm {
 public:
  Msm(const MsmJob<F>& job) : job_(job), sums_(job.digits->windows, Extended<F>::infinity()) {}

  /** Part of a window: scalars from `from` to `to`. */
  struct Piece {
    std::size_t window, from, to, weight;
  };

  /** Cuts the work into pieces of about `grain` additions. */
  std::vector<Piece> pieces(std::size_t grain) const {
    std::vector<Piece> out;
    const Digits& digits = *job_.digits;
    for (std::size_t w = 0; w < digits.windows; w++) {
      std::size_t entries = digits.entries(w);
      if (entries == 0) continue;
      std::size_t parts = std::max<std::size_t>(1, entries / std::max<std::size_t>(grain, 4 * digits.buckets()));
      for (std::size_t p = 0; p < parts; p++)
        out.push_back({w, digits.count * p / parts, digits.count * (p + 1) / parts, entries / parts});
    }
    return out;
  }

  void run(const Piece& piece) {
    Extended<F> sum = windowSum(piece);
    std::lock_guard<std::mutex> lock(guard_);
    sums_[piece.window] = sums_[piece.window] + sum;
  }

  /** After all pieces have run. */
  Extended<F> result() const {
    Extended<F> total = Extended<F>::infinity();
    for (std::size_t w = sums_.size(); w-- > 0;) {
      for (unsigned i = 0; i < job_.digits->bits; i++) total = total.doubled();
      total = total + sums_[w];
    }
    return total;
  }

 private:
  const MsmJob<F> job_;
  std::mutex guard_;
  std::vector<Extended<F>> sums_;

  /** Σ_j j·B_j, B_j being the sum of the points whose digit is ±j (Pippenger 1976). */
  Extended<F> windowSum(const Piece& piece) {
    const std::size_t buckets = job_.digits->buckets();
    GroupSums<F> sums;
    std::vector<Affine<F>> bucket(buckets);
    sums.sum(job_.points, bucketsOf(piece), bucket.data());
    // j − 1 = high·columns + low, so that Σ j·B_j = columns·Σ high·row(high) + Σ (low + 1)·column(low): two additions a
    // bucket, all of which can be done in batches, and two short running sums.
    const unsigned lowBits = (job_.digits->bits - 1) / 2;
    const std::size_t columns = std::size_t{1} << lowBits, rows = buckets / columns;
    Groups byRow, byColumn;
    byRow.start.push_back(0);
    byColumn.start.push_back(0);
    for (std::size_t i = 0; i < buckets; i++) {
      if (!bucket[i].isInfinity()) byRow.entries.push_back(static_cast<Entry>(2 * i));
      if ((i + 1) % columns == 0) byRow.start.push_back(static_cast<uint32_t>(byRow.entries.size()));
    }
    for (std::size_t low = 0; low < columns; low++) {
      for (std::size_t i = low; i < buckets; i += columns)
        if (!bucket[i].isInfinity()) byColumn.entries.push_back(static_cast<Entry>(2 * i));
      byColumn.start.push_back(static_cast<uint32_t>(byColumn.entries.size()));
    }
    std::vector<Affine<F>> row(rows), column(columns);
    const char* base = reinterpret_cast<const char*>(bucket.data());
    sums.sum(base, byRow, row.data());
    sums.sum(base, byColumn, column.data());
    Extended<F> running = Extended<F>::infinity(), total = running;
    for (std::size_t high = rows; high-- > 1;) {
      running = running + row[high];
      total = total + running;
    }
    for (unsigned i = 0; i < lowBits; i++) total = total.doubled();
    running = Extended<F>::infinity();
    for (std::size_t low = columns; low-- > 0;) {
      running = running + column[low];
      total = total + running;
    }
    return total;
  }

  /** Sorts the points of a piece by the size of their digit. */
  Groups bucketsOf(const Piece& piece) const {
    const int16_t* digit = job_.digits->window(piece.window);
    const std::size_t buckets = job_.digits->buckets();
    Groups groups;
    groups.start.assign(buckets + 1, 0);
    auto visit = [&](auto&& use) {
      for (std::size_t i = std::max(piece.from, job_.offset); i < piece.to; i++) {
        std::size_t point = i - job_.offset;
        if (digit[i] != 0 && (job_.finite == nullptr || (*job_.finite)[point])) use(point, digit[i]);
      }
    };
    visit([&](std::size_t, int d) { groups.start[static_cast<std::size_t>(std::abs(d))]++; });
    for (std::size_t j = 1; j <= buckets; j++) groups.start[j] += groups.start[j - 1];
    groups.entries.resize(groups.start[buckets]);
    std::vector<uint32_t> next(groups.start.begin(), groups.start.end() - 1);
    visit([&](std::size_t point, int d) {
      groups.entries[next[static_cast<std::size_t>(std::abs(d)) - 1]++] = static_cast<Entry>(2 * point + (d < 0 ? 1 : 0));
    });
    return groups;
  }
};

/** Σ scalar·point, affine. */
template <class F>
Affine<F> multiScalar(const char* points, const Digits& digits, Control& control) {
  Msm<F> msm({points, 0, nullptr, &digits});
  std::size_t total = 0;
  for (std::size_t w = 0; w < digits.windows; w++) total += digits.entries(w);
  auto pieces = msm.pieces(total / (control.threads * 2) + 1);
  control.expect(total);
  parallelFor(control, pieces.size(), [&](std::size_t i) {
    msm.run(pieces[i]);
    control.advance(pieces[i].weight);
  });
  return msm.result().toAffine();
}

}  // namespace zkml
