// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <napi.h>

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "binfile.h"
#include "parallel.h"

namespace zkml {

/** Arguments of another shape than the wrapper gives. */
[[noreturn]] inline void misuse(Napi::Env env, const char* what) { throw Napi::TypeError::New(env, what); }

/** Work off the event loop. What `keep` names stays alive until it is done. */
class Task : public Napi::AsyncWorker {
 public:
  using Work = std::function<void(Control&)>;
  using Finish = std::function<Napi::Value(Napi::Env)>;

  Task(Napi::Env env, std::size_t threads, Napi::Uint32Array words, Work work)
      : Napi::AsyncWorker(env), deferred_(Napi::Promise::Deferred::New(env)), work_(std::move(work)) {
    static_assert(sizeof(std::atomic<uint32_t>) == sizeof(uint32_t), "atomics lie in the caller's words");
    if (words.ElementLength() < 2) misuse(env, "two control words are needed");
    keep(words);
    auto* word = reinterpret_cast<std::atomic<uint32_t>*>(words.Data());
    control_.emplace(threads, word, word + 1);
  }

  void keep(Napi::Value value) { kept_.push_back(Napi::Persistent(value)); }
  void finishWith(Finish finish) { finish_ = std::move(finish); }

  Napi::Promise start() {
    Napi::Promise promise = deferred_.Promise();
    Queue();
    return promise;
  }

 protected:
  void Execute() override {
    try {
      control_->throwIfCancelled();
      work_(*control_);
    } catch (const Error& error) {
      fail(error.code, error.what());
    } catch (const Cancelled&) {
      fail("NATIVE_CANCELLED", "the work was cancelled");
    } catch (const std::bad_alloc&) {
      fail("NATIVE_OUT_OF_MEMORY", "there is not enough memory");
    } catch (const std::exception& error) {
      fail("NATIVE_FAILED", error.what());
    }
  }

  void OnOK() override {
    Napi::HandleScope scope(Env());
    deferred_.Resolve(finish_ ? finish_(Env()) : Env().Undefined());
  }

  void OnError(const Napi::Error& error) override {
    Napi::HandleScope scope(Env());
    error.Value().Set("code", Napi::String::New(Env(), code_));
    deferred_.Reject(error.Value());
  }

 private:
  Napi::Promise::Deferred deferred_;
  Work work_;
  Finish finish_;
  std::optional<Control> control_;
  std::vector<Napi::Reference<Napi::Value>> kept_;
  std::string code_;

  void fail(const char* code, const std::string& message) {
    code_ = code;
    SetError(message);
  }
};

/** Reads the arguments of one call in order. */
class Arguments {
 public:
  explicit Arguments(const Napi::CallbackInfo& info) : info_(info), env_(info.Env()) {}

  Bytes bytes() {
    Napi::Value value = next();
    if (!value.IsTypedArray()) misuse(env_, "a typed array is needed");
    auto array = value.As<Napi::TypedArray>();
    return {static_cast<const char*>(array.ArrayBuffer().Data()) + array.ByteOffset(), array.ByteLength()};
  }
  char* output(std::size_t size) {
    Bytes out = bytes();
    if (out.size != size) misuse(env_, "the output has another size than the result");
    return const_cast<char*>(out.data);
  }
  uint32_t number() {
    Napi::Value value = next();
    if (!value.IsNumber()) misuse(env_, "a number is needed");
    return value.As<Napi::Number>().Uint32Value();
  }
  Napi::Value next() { return info_[at_++]; }
  Napi::Env env() const { return env_; }

  /** Bytes as elements of a size; the count. */
  std::size_t count(Bytes bytes, std::size_t size) {
    if (bytes.size % size != 0) misuse(env_, "the bytes are not a whole number of elements");
    return bytes.size / size;
  }
  const uint32_t* words(Bytes bytes) {
    if (reinterpret_cast<std::uintptr_t>(bytes.data) % alignof(uint32_t) != 0) misuse(env_, "words are not aligned");
    return reinterpret_cast<const uint32_t*>(bytes.data);
  }

  /** Takes the last two arguments and starts the work; every argument stays alive meanwhile. */
  Napi::Value run(Task::Work work, Task::Finish finish = nullptr) {
    const std::size_t threads = number();
    Napi::Value words = next();
    if (!words.IsTypedArray() || words.As<Napi::TypedArray>().TypedArrayType() != napi_uint32_array)
      misuse(env_, "control words are needed");
    auto* task = new Task(env_, threads, words.As<Napi::Uint32Array>(), std::move(work));
    for (std::size_t i = 0; i < info_.Length(); i++)
      if (info_[i].IsObject() || info_[i].IsExternal()) task->keep(info_[i]);
    task->finishWith(std::move(finish));
    return task->start();
  }

 private:
  const Napi::CallbackInfo& info_;
  Napi::Env env_;
  std::size_t at_ = 0;
};

}  // namespace zkml
