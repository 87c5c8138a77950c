// Q-learning with a network and a replay buffer (Mnih et al., 2015), each value judged by two networks (van Hasselt et
// al., 2016, arXiv 1509.06461): a cart that is pushed left or right learns to balance a pole.
//
//   cartpole --until 475
//
// The cart is that of Barto, Sutton and Anderson, 1983, as in Gymnasium's CartPole-v1: an episode ends when the pole
// leans by 12 degrees, the cart is 2.4 away, or after 500 steps. The replay buffer is a part of the state: a training
// that is killed goes on with it.
#include <algorithm>
#include <iostream>

#include "stet/stet.h"

using namespace stet;

namespace {

constexpr int64_t kLongest = 500;

/// Position, speed, angle and angular speed, float64 [4]. It is computed by Stet's ops, so that a pole falls the same
/// way on every machine.
struct Cart : Stateful {
  Buffer state{zeros({4}, DType::float64)};
  int64_t steps = 0;

  void reset(Stream& draws) {
    state.set(uniform(draws, {4}, -0.05, 0.05, DType::float64));
    steps = 0;
  }
  /// Pushes to the right (1) or left (0) for 20 ms. True if the pole fell.
  bool push(int64_t action) {
    constexpr double gravity = 9.8, cart = 1, pole = 0.1, total = cart + pole, half = 0.5, force = 10, time = 0.02;
    const Tensor s = state.value(), speed = s[1], angle = s[2], spin = s[3];
    const Tensor sine = sin(angle), cosine = cos(angle);
    const Tensor pushed = (square(spin) * sine * (pole * half) + (action == 1 ? force : -force)) / total;
    const Tensor twist = (sine * gravity - cosine * pushed) / ((4.0 / 3.0 - square(cosine) * pole / total) * half);
    const Tensor pull = pushed - twist * cosine * (pole * half) / total;
    const Tensor change = stack({speed, pull, spin, twist});
    state.set(s + change * time);
    ++steps;
    const std::vector<double> now = state.value().to_vector<double>();
    return std::abs(now[0]) > 2.4 || std::abs(now[2]) > 12 * 3.14159265358979 / 180;
  }
  void members(Visitor& v) override { v("state", state)("steps", steps); }
};

struct Batch {
  Tensor before, action, after, goes_on;
};

/// The last transitions; the oldest make room.
class Replay : public Stateful {
 public:
  explicit Replay(int64_t capacity) : capacity_(capacity) {}

  void add(const Tensor& before, int64_t action, const Tensor& after, bool fell) {
    std::vector<double> row = before.to_vector<double>();
    for (const double value : after.to_vector<double>()) row.push_back(value);
    row.push_back(static_cast<double>(action));
    row.push_back(fell ? 0 : 1);
    if (size() < capacity_) rows_.resize(rows_.size() + kRow);
    std::copy(row.begin(), row.end(), rows_.begin() + (added_++ % capacity_) * kRow);
  }
  int64_t size() const { return static_cast<int64_t>(rows_.size()) / kRow; }
  Batch draw(Stream& draws, int64_t n) const {
    std::vector<double> rows;
    for (const int64_t i : random_integers(draws, {n}, 0, size()).to_vector<int64_t>())
      rows.insert(rows.end(), rows_.begin() + i * kRow, rows_.begin() + (i + 1) * kRow);
    const Tensor all = Tensor::from(rows).reshape({n, kRow}).to(DType::float32);
    return {all.slice(1, 0, 4), all.slice(1, 8, 9).to(DType::int64), all.slice(1, 4, 8), all.slice(1, 9, 10)};
  }
  void members(Visitor& v) override { v("rows", rows_)("added", added_).hyper("capacity", capacity_); }

 private:
  static constexpr int64_t kRow = 10;  // before, after, action, whether the episode goes on
  int64_t capacity_, added_ = 0;
  std::vector<double> rows_;
};

nn::Sequential values(int64_t width, const Rng& rng) {
  return nn::Sequential(nn::Linear(4, width, rng / 0, {.activation = Activation::relu}),
                        nn::Linear(width, width, rng / 1, {.activation = Activation::relu}),
                        nn::Linear(width, 2, rng / 2));
}

int64_t best(nn::Sequential& net, const Tensor& state) {
  const Evaluation evaluation;
  return argmax(net(state.to(DType::float32).unsqueeze(0)), 1).item<int64_t>();
}

// The mean length of episodes in which the network plays what it holds for best.
double play(nn::Sequential& net, int64_t episodes, Stream& draws) {
  int64_t steps = 0;
  for (int64_t i = 0; i < episodes; ++i) {
    Cart cart;
    cart.reset(draws);
    while (!cart.push(best(net, cart.state)) && cart.steps < kLongest) {}
    steps += cart.steps;
  }
  return static_cast<double>(steps) / static_cast<double>(episodes);
}

}  // namespace

int main(int argc, char** argv) {
  Run run(argc, argv, "cartpole");
  const auto steps = run.param("steps", 15000, {.above = 0, .help = "pushes of the cart"});
  const auto batch = run.param("batch", 128, {.above = 0, .help = "transitions a step of training"});
  const auto width = run.param("width", 128, {.above = 0, .help = "units of the hidden layers"});
  const auto lr = run.param("lr", 1e-3, {.above = 0, .help = "highest learning rate of Adam; it ends at a hundredth"});
  const auto discount = run.param("discount", 0.99, {.from = 0, .below = 1, .help = "worth of a push later"});
  const auto capacity = run.param("capacity", 15000, {.above = 0, .help = "transitions that are remembered"});
  const auto decay = run.param("decay", 0.99, {.from = 0, .below = 1, .help = "of the judging network's average"});
  const auto explored = run.param("explore", 5000, {.above = 0, .help = "pushes until one in twenty is by chance"});
  const auto every = run.param("play-every", 500, {.above = 0, .help = "pushes between tests"});
  const auto episodes = run.param("episodes", 20, {.above = 0, .help = "episodes of a test"});
  const auto until =
      run.param("until", 475, {.from = 0, .help = "steps of an episode, in the mean, that end the training"});
  const Rng rng = run.rng();

  nn::Sequential net = values(width, rng / "net");
  optim::Ema judge(net, decay);
  optim::Adam opt(net, {.lr = lr, .schedule = optim::cosine(steps, 0.01)});
  Replay replay(capacity);
  Cart cart;
  Stream starts(rng / "starts"), chance(rng / "chance"), drawn(rng / "drawn"), tests(rng / "tests");
  cart.reset(starts);
  Kept<double> length(run, "length", 0.0);

  run.track("net", net)("judge", judge)("opt", opt)("replay", replay)("cart", cart);
  for (int64_t step : run.steps(steps)) {
    const double random = std::max(0.05, 1 - 0.95 * static_cast<double>(step) / explored);
    const bool tries = uniform(chance, {}).item<double>() < random;
    const Tensor before = cart.state;
    const int64_t action = tries ? random_integers(chance, {}, 0, 2).item<int64_t>() : best(net, before);
    const bool fell = cart.push(action);
    replay.add(before, action, cart.state, fell);
    if (fell || cart.steps == kLongest) cart.reset(starts);
    if (replay.size() >= batch) {
      const Batch b = replay.draw(drawn, batch);
      const Tensor next = argmax(net(b.after).detach(), 1, true);
      const Tensor worth = gather(judge.net()(b.after), 1, next).detach() * b.goes_on * discount - (1 - b.goes_on);
      const Tensor loss = nn::huber(gather(net(b.before), 1, b.action), worth);
      Gradients gradients = backward(loss, net);
      optim::clip_norm(gradients, net, 10);
      opt.step(gradients);
      judge.update(net);
      run.log("train/loss", loss);
    }
    if ((step + 1) % every != 0 && step + 1 != steps) continue;
    length = play(net, episodes, tests);
    run.log("test/length", length);
    std::cout << "push " << step + 1 << ": the pole stands for " << length << " of " << kLongest << " steps\n";
    if (length >= until) break;
  }
}
