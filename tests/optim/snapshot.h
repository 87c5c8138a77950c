// State of a thing, taken and put back as a checkpoint does.
#pragma once

#include <gtest/gtest.h>

#include <map>
#include <string>

#include "net.h"
#include "stet/tensor/stateful.h"

namespace stet {

// All state by its path: tensors' values, and scalars.
struct Snapshot : Visitor {
  explicit Snapshot(Stateful& s) { s.members(*this); }
  void on_parameter(const std::string& path, Parameter& p) override { tensors[path] = p.value().detach(); }
  void on_buffer(const std::string& path, Buffer& b) override { tensors[path] = b.value(); }
  void on_state(const std::string& path, ScalarRef ref) override {
    if (auto* integer = std::get_if<int64_t*>(&ref)) integers[path] = **integer;
    if (auto* real = std::get_if<double*>(&ref)) reals[path] = **real;
  }
  void on_hyper(const std::string& path, const Value& value) override { hypers[path] = to_string(value); }

  std::map<std::string, Tensor> tensors;
  std::map<std::string, int64_t> integers;
  std::map<std::string, double> reals;
  std::map<std::string, std::string> hypers;
};

// Puts a snapshot's state back, as a checkpoint does.
struct Restore : Visitor {
  Restore(Stateful& s, const Snapshot& from) : from_(from) { s.members(*this); }
  void on_parameter(const std::string& path, Parameter& p) override { p.set(from_.tensors.at(path)); }
  void on_buffer(const std::string& path, Buffer& b) override { b.set(from_.tensors.at(path)); }
  void on_state(const std::string& path, ScalarRef ref) override {
    if (auto* integer = std::get_if<int64_t*>(&ref)) **integer = from_.integers.at(path);
    if (auto* real = std::get_if<double*>(&ref)) **real = from_.reals.at(path);
  }
  const Snapshot& from_;
};

/// `make(net)` makes an optimizer: one that goes on from another's state trains to the same bits.
template <class Make> void expect_resumes(Make make) {
  GoldenNet net(DType::float32), again(DType::float32);
  auto opt = make(net), other = make(again);
  for (int t = 0; t < 10; ++t) opt.step(backward(net.loss(t)));
  opt.set_learning_rate(0.02);
  const Snapshot weights(net), state(opt);
  for (int t = 10; t < 20; ++t) opt.step(backward(net.loss(t)));
  Restore(again, weights);
  Restore(other, state);
  for (int t = 10; t < 20; ++t) other.step(backward(again.loss(t)));
  EXPECT_EQ(flat(net), flat(again));
}

}  // namespace stet
