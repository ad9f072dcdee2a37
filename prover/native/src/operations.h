// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "msm.h"
#include "multiples.h"
#include "ntt.h"

/** What prover/groth16/point-engine.ts specifies, on raw bytes. Sizes have been checked; points need no alignment. */
namespace zkml {

template <class F>
constexpr std::size_t pointSize = sizeof(Affine<F>);

template <class F>
Affine<F> generator();

template <>
inline G1 generator<Fq>() {
  return {Fq::one(), Fq::fromSmall(2)};
}

/** EIP-197. */
template <>
inline G2 generator<Fq2>() {
  constexpr Int256 x0{{0x46debd5cd992f6ed, 0x674322d4f75edadd, 0x426a00665e5c4479, 0x1800deef121f1e76}};
  constexpr Int256 x1{{0x97e485b7aef312c2, 0xf1aa493335a9e712, 0x7260bfb731fb5d25, 0x198e9393920d483a}};
  constexpr Int256 y0{{0x4ce6cc0166fa7daa, 0xe3d1e7690c43d37b, 0x4aab71808dcb408f, 0x12c85ea5db8c6deb}};
  constexpr Int256 y1{{0x55acdadcd122975b, 0xbc4b313370b38ef3, 0xec9e99ad690c3395, 0x090689d0585ff075}};
  return {{Fq::fromInteger(x0), Fq::fromInteger(x1)}, {Fq::fromInteger(y0), Fq::fromInteger(y1)}};
}

/** Calls work(from, to) for slices of at most `chunk`, on all threads, with progress in elements. */
template <class Work>
void parallelChunks(Control& control, std::size_t count, std::size_t chunk, const Work& work) {
  // Evenly, so that threads end together.
  const std::size_t least = (count + chunk - 1) / chunk;
  const std::size_t rounds = (least + control.threads - 1) / control.threads;
  const std::size_t slices = std::min(count, rounds * control.threads);
  parallelFor(control, slices, [&](std::size_t i) {
    const std::size_t from = count * i / slices, to = count * (i + 1) / slices;
    work(from, to);
    control.advance(to - from);
  });
}

template <class F>
void multiplyGenerator(const char* scalars, std::size_t count, char* out, Control& control) {
  if (count == 0) return;
  control.expect(count);
  const FixedBase<F> base(generator<F>(), count, control);
  parallelChunks(control, count, FixedBase<F>::chunk, [&](std::size_t from, std::size_t to) {
    GroupSums<F> sums;
    base.multiply(scalars + 32 * from, to - from, out + pointSize<F> * from, sums);
  });
}

/** out[i] = points[i]·first·step^i. */
template <class F>
void scale(const char* points, std::size_t count, const Int256& first, const Int256& step, char* out, Control& control) {
  control.expect(count);
  const Fr start = Fr::fromInteger(first), ratio = Fr::fromInteger(step);
  parallelChunks(control, count, VariableBase<F>::chunk, [&](std::size_t from, std::size_t to) {
    VariableBase<F> multiplier;
    std::vector<Term> terms;
    std::vector<Int256> scalars;
    std::vector<Affine<F>> products(to - from);
    Fr factor = start * ratio.power({{from, 0, 0, 0}});
    for (std::size_t i = from; i < to; i++) {
      terms.push_back({points + pointSize<F> * i, false});
      scalars.push_back(factor.toInteger());
      factor = factor * ratio;
    }
    multiplier.multiply(terms.data(), scalars.data(), to - from, products.data());
    std::memcpy(out + pointSize<F> * from, products.data(), products.size() * pointSize<F>);
    wipe(scalars);
  });
}

/** out[i] = (1/n)·Σ_j ω^(−ij)·points[j], n = 2^power: decimation in time. */
template <class F>
void toLagrange(const char* points, unsigned power, char* out, Control& control) {
  const std::size_t n = std::size_t{1} << power;
  control.expect(n + n / 2 * power);
  const Int256 perSize = Fr::fromSmall(n).inverse().toInteger();
  std::vector<Affine<F>> x(n);
  parallelChunks(control, n, VariableBase<F>::chunk, [&](std::size_t from, std::size_t to) {
    VariableBase<F> multiplier;
    std::vector<Term> terms;
    for (std::size_t i = from; i < to; i++) terms.push_back({points + pointSize<F> * reverseBits(i, power), false});
    const std::vector<Int256> scalars(to - from, perSize);
    multiplier.multiply(terms.data(), scalars.data(), to - from, x.data() + from);
  });
  constexpr std::size_t chunk = Batch<F>::capacity / 2;
  const Fr root = rootOfUnity(power).inverse();
  for (unsigned level = 0; level < power; level++) {
    const std::size_t half = std::size_t{1} << level;
    const Fr step = root.power({{n / (2 * half), 0, 0, 0}});
    parallelChunks(control, n / 2, chunk, [&](std::size_t from, std::size_t to) {
      std::vector<Term> odd, a, b;
      std::vector<Int256> twiddles;
      std::vector<char*> sums;
      std::vector<Affine<F>> products(to - from);
      Fr twiddle = step.power({{from & (half - 1), 0, 0, 0}});
      for (std::size_t k = from; k < to; k++) {
        const std::size_t j = k & (half - 1);
        if (j == 0) twiddle = Fr::one();
        odd.push_back({reinterpret_cast<const char*>(x.data() + 2 * (k - j) + j + half), false});
        twiddles.push_back(twiddle.toInteger());
        twiddle = twiddle * step;
      }
      if (level == 0)
        for (std::size_t i = 0; i < odd.size(); i++) std::memcpy(&products[i], odd[i].point, pointSize<F>);
      else
        VariableBase<F>().multiply(odd.data(), twiddles.data(), odd.size(), products.data());
      for (std::size_t k = from; k < to; k++) {
        Affine<F>* even = x.data() + 2 * k - (k & (half - 1));
        for (bool isNegative : {false, true}) {
          a.push_back({reinterpret_cast<const char*>(even), false});
          b.push_back({reinterpret_cast<const char*>(&products[k - from]), isNegative});
          sums.push_back(reinterpret_cast<char*>(isNegative ? even + half : even));
        }
      }
      Batch<F>().add(a.size(), a.data(), b.data(), sums.data());
    });
  }
  std::memcpy(out, x.data(), n * pointSize<F>);
}

/** Columns of a sparse matrix; start has columns + 1 numbers. */
struct Columns {
  const uint32_t *start, *row, *coefficient;
  std::size_t count;
  const char* table;
  std::size_t tableSize;
};

/** out[s] = Σ table[coefficient[k]]·points[row[k]] over the entries k of column s. */
template <class F>
void combineColumns(const char* points, const Columns& columns, char* out, Control& control) {
  const std::size_t entries = columns.start[columns.count];
  control.expect(entries);
  std::vector<Int256> scalar(columns.tableSize);
  std::vector<uint8_t> isTurned(columns.tableSize);
  for (std::size_t i = 0; i < scalar.size(); i++) {
    scalar[i] = loadInteger(columns.table + 32 * i);
    isTurned[i] = shorten(scalar[i]);
  }
  // Runs of columns of about as many entries as memory should hold products of at a time.
  constexpr std::size_t run = 1 << 14;
  std::vector<std::size_t> cut{0};
  for (std::size_t s = 0, from = 0; s < columns.count; s++) {
    if (columns.start[s + 1] - from < run && s + 1 < columns.count) continue;
    cut.push_back(s + 1);
    from = columns.start[s + 1];
  }
  parallelFor(control, cut.size() - 1, [&](std::size_t c) {
    const std::size_t first = columns.start[cut[c]], count = columns.start[cut[c + 1]] - first;
    std::vector<uint32_t> order(count);
    for (std::size_t i = 0; i < count; i++) order[i] = static_cast<uint32_t>(i);
    auto lengthOf = [&](uint32_t i) { return scalar[columns.coefficient[first + i]].bitLength(); };
    // Multiplied together, short ones do not wait for long ones.
    std::stable_sort(order.begin(), order.end(), [&](uint32_t x, uint32_t y) { return lengthOf(x) < lengthOf(y); });
    std::vector<Affine<F>> product(count), result(VariableBase<F>::chunk);
    VariableBase<F> multiplier;
    std::vector<Term> terms;
    std::vector<Int256> scalars;
    for (std::size_t from = 0; from < count; from += terms.size()) {
      terms.clear(), scalars.clear();
      for (std::size_t i = from; i < count && i < from + VariableBase<F>::chunk; i++) {
        const std::size_t at = first + order[i], index = columns.coefficient[at];
        terms.push_back({points + pointSize<F> * columns.row[at], isTurned[index] != 0});
        scalars.push_back(scalar[index]);
      }
      multiplier.multiply(terms.data(), scalars.data(), terms.size(), result.data());
      for (std::size_t i = 0; i < terms.size(); i++) product[order[from + i]] = result[i];
    }
    Groups groups;
    groups.start.push_back(0);
    for (std::size_t s = cut[c]; s < cut[c + 1]; s++) {
      for (std::size_t k = columns.start[s]; k < columns.start[s + 1]; k++)
        groups.entries.push_back(static_cast<Entry>(2 * (k - first)));
      groups.start.push_back(static_cast<uint32_t>(groups.entries.size()));
    }
    std::vector<Affine<F>> sum(groups.count());
    GroupSums<F>().sum(reinterpret_cast<const char*>(product.data()), groups, sum.data());
    std::memcpy(out + pointSize<F> * cut[c], sum.data(), sum.size() * pointSize<F>);
    control.advance(count);
  });
}

template <class F>
void addPoints(const char* a, const char* b, std::size_t count, char* out, Control& control) {
  control.expect(count);
  parallelChunks(control, count, Batch<F>::capacity, [&](std::size_t from, std::size_t to) {
    std::vector<Term> x, y;
    std::vector<char*> sums;
    for (std::size_t i = from; i < to; i++) {
      x.push_back({a + pointSize<F> * i, false});
      y.push_back({b + pointSize<F> * i, false});
      sums.push_back(out + pointSize<F> * i);
    }
    Batch<F>().add(x.size(), x.data(), y.data(), sums.data());
  });
}

/** The index of the first point that is neither infinity nor on its curve, or `count`. */
template <class F>
std::size_t firstInvalid(const char* points, std::size_t count, Control& control) {
  control.expect(count);
  const F b = curveConstant<F>();
  std::atomic<std::size_t> first{count};
  parallelChunks(control, count, 4096, [&](std::size_t from, std::size_t to) {
    for (std::size_t i = from; i < to; i++) {
      Affine<F> point;
      std::memcpy(&point, points + pointSize<F> * i, sizeof point);
      if (isValid(point, b)) continue;
      std::size_t known = first.load();
      while (i < known && !first.compare_exchange_weak(known, i)) continue;
      return;
    }
  });
  return first;
}

/** A coordinate big-endian and out of Montgomery form; c1 before c0. */
inline void encodeCoordinate(const Fq& x, char* out) {
  const Int256 value = x.toInteger();
  for (int i = 0; i < 32; i++) out[i] = static_cast<char>(value.word[3 - i / 8] >> (56 - i % 8 * 8));
}
inline void encodeCoordinate(const Fq2& x, char* out) {
  encodeCoordinate(x.c1, out);
  encodeCoordinate(x.c0, out + 32);
}

/** Whether a coordinate is the larger of itself and its negative; c1 decides unless it is zero. */
inline bool isLarger(const Fq& x) { return (-x).toInteger().isBelow(x.toInteger()); }
inline bool isLarger(const Fq2& x) { return x.c1.isZero() ? isLarger(x.c0) : isLarger(x.c1); }

/** The forms in which ffjavascript writes points for hashing: both coordinates, or x and the sign of y. */
template <class F>
void encode(const char* points, std::size_t count, bool isCompressed, char* out, Control& control) {
  control.expect(count);
  const std::size_t width = isCompressed ? sizeof(F) : pointSize<F>;
  parallelChunks(control, count, 4096, [&](std::size_t from, std::size_t to) {
    for (std::size_t i = from; i < to; i++) {
      Affine<F> point;
      std::memcpy(&point, points + pointSize<F> * i, sizeof point);
      char* target = out + width * i;
      if (point.isInfinity()) {
        std::memset(target, 0, width);
        if (isCompressed) target[0] = 0x40;
        continue;
      }
      encodeCoordinate(point.x, target);
      if (!isCompressed)
        encodeCoordinate(point.y, target + sizeof(F));
      else if (isLarger(point.y))
        target[0] = static_cast<char>(target[0] | 0x80);
    }
  });
}

}  // namespace zkml
