// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <mutex>
#include <thread>
#include <vector>

#include "error.h"

namespace zkml {

/** How work is watched and ended from outside, and on how many threads it runs. */
class Control {
 public:
  Control(std::size_t threads, std::atomic<uint32_t>* cancelled, std::atomic<uint32_t>* done)
      : threads(std::max<std::size_t>(threads, 1)), cancelled_(cancelled), done_(done) {}

  const std::size_t threads;

  void throwIfCancelled() const {
    if (cancelled_ != nullptr && cancelled_->load(std::memory_order_relaxed) != 0) throw Cancelled();
  }

  /** Says how much work there is in all, in units of the caller's choice. */
  void expect(std::size_t units) { expected_ = units; }

  /** Reports units as done; the share is published in thousandths. */
  void advance(std::size_t units) {
    std::size_t sum = finished_.fetch_add(units) + units;
    if (done_ != nullptr && expected_ != 0)
      done_->store(static_cast<uint32_t>(std::min<std::size_t>(1000, sum * 1000 / expected_)), std::memory_order_relaxed);
  }

 private:
  std::atomic<uint32_t>* const cancelled_;
  std::atomic<uint32_t>* const done_;
  std::atomic<std::size_t> finished_{0};
  std::size_t expected_ = 0;
};

/**
 * Calls work(index) for every index below count, on the control's threads, the calling one included; indices are handed
 * out in order, one at a time. The first exception stops the rest and is thrown again here.
 */
template <class Work>
void parallelFor(Control& control, std::size_t count, const Work& work) {
  std::atomic<std::size_t> next{0};
  std::exception_ptr failure;
  std::mutex guard;
  auto run = [&] {
    try {
      for (std::size_t i; (i = next.fetch_add(1)) < count;) {
        control.throwIfCancelled();
        work(i);
      }
    } catch (...) {
      std::lock_guard<std::mutex> lock(guard);
      if (!failure) failure = std::current_exception();
      next.store(count);
    }
  };
  std::vector<std::thread> helpers;
  std::size_t wanted = std::min(control.threads, count);
  helpers.reserve(wanted);
  try {
    while (helpers.size() + 1 < wanted) helpers.emplace_back(run);
  } catch (...) {
    // No more threads to be had, or no memory for one: those that started, and this one, do the work.
  }
  run();
  for (std::thread& helper : helpers) helper.join();
  if (failure) std::rethrow_exception(failure);
}

/** Calls work(from, to) for slices of [0, count), several a thread so that they end together. */
template <class Work>
void parallelSlices(Control& control, std::size_t count, std::size_t smallest, const Work& work) {
  if (count == 0) return;
  std::size_t slices = std::min(control.threads * 4, (count + smallest - 1) / smallest);
  parallelFor(control, slices, [&](std::size_t i) { work(count * i / slices, count * (i + 1) / slices); });
}

}  // namespace zkml
