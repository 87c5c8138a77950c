// Losses, initial values, optimizers, schedules, drawn digits.
#include "training.h"

#include "stet/data/digits.h"
#include "stet/nn/attention.h"
#include "stet/nn/distance.h"
#include "stet/nn/distribution.h"
#include "stet/nn/init.h"
#include "stet/nn/linear.h"
#include "stet/nn/swiglu.h"
#include "stet/optim/adafactor.h"
#include "stet/optim/adagrad.h"
#include "stet/optim/adam.h"
#include "stet/optim/average.h"
#include "stet/optim/lion.h"
#include "stet/optim/muon.h"
#include "stet/optim/nadam.h"
#include "stet/optim/rmsprop.h"
#include "stet/optim/sgd.h"
#include "stet/tensor/update.h"

namespace stet::digests {
namespace {

using In = const std::vector<Tensor>&;

void add_losses(Cases& cases) {
  const std::vector<Inputs> one = {{{{33, 7}}}, {{{2101, 10}}, Values::wide}, {{{9, 5}}, Values::wide, DType::float64}};
  const auto classes = [](const Tensor& x) { return indices({x.size(0)}, 5, x.size(1)); };
  add_op(
      cases, "cross_entropy", one, [=](In x) { return nn::cross_entropy(x[0], classes(x[0])); }, Float64::not_on_gpu);
  add_op(
      cases, "cross_entropy.options", one,
      [=](In x) {
        const Tensor weights = arange(x[0].size(1), x[0].dtype()).to(device()) + 0.3;
        return nn::cross_entropy(x[0], classes(x[0]),
                                 {.label_smoothing = 0.1, .class_weights = weights, .ignore_index = 2});
      },
      Float64::not_on_gpu);
  const std::vector<Inputs> pairs = {
      {{{33, 7}, {33, 7}}}, {{{2101, 3}, {2101, 3}}, Values::wide}, {{{9, 5}, {9, 5}}, Values::wide, DType::float64}};
  add_op(cases, "mse", pairs, [](In x) { return nn::mse(x[0], x[1]); });
  add_op(cases, "l1", pairs, [](In x) { return nn::l1(x[0], x[1]); });
  add_op(cases, "huber", pairs, [](In x) { return nn::huber(x[0], x[1], 0.7); });
  add_op(
      cases, "bce_with_logits", one,
      [](In x) {
        const Tensor target = (values(x[0].shape(), 8, Values::wide, x[0].dtype()) > 0.0).to(x[0].dtype());
        return nn::bce_with_logits(x[0], target, {.positive_weight = full({}, 1.7, x[0].dtype(), device())});
      },
      Float64::not_on_gpu);
  add_op(
      cases, "bce_with_logits.plain", pairs, [](In x) { return nn::bce_with_logits(x[0], sigmoid(x[1])); },
      Float64::not_on_gpu);
}

void add_losses_of_likelihood(Cases& cases) {
  const std::vector<Inputs> pairs = {
      {{{33, 7}, {33, 7}}}, {{{2101, 3}, {2101, 3}}, Values::wide}, {{{9, 5}, {9, 5}}, Values::wide, DType::float64}};
  const auto add = [&](const char* name, const Op& loss) { add_op(cases, name, pairs, loss, Float64::not_on_gpu); };
  add_op(cases, "nll", pairs, [](In x) {
    const Tensor target = indices({x[0].size(0)}, 5, x[0].size(1));
    return nn::nll(x[0] + x[1], target,
                   {.class_weights = arange(x[0].size(1), x[0].dtype()).to(device()) + 0.3, .ignore_index = 2});
  });
  add("cross_entropy.soft", [](In x) {
    return nn::cross_entropy(x[0], softmax(x[1]), {.label_smoothing = 0.1, .reduction = nn::Reduction::batch_mean});
  });
  add_op(cases, "smooth_l1", pairs, [](In x) { return nn::smooth_l1(x[0], x[1], 0.7); });
  add("bce", [](In x) { return nn::bce(sigmoid(x[0]), sigmoid(x[1])); });
  add("sigmoid_focal", [](In x) { return nn::sigmoid_focal(x[0], sigmoid(x[1])); });
  add("kl_div", [](In x) { return nn::kl_div(x[0], relu(x[1]), {.reduction = nn::Reduction::batch_mean}); });
  add("gaussian_nll", [](In x) { return nn::gaussian_nll(x[0], sin(x[0]), square(x[1]), {.full = true}); });
  add("poisson_nll", [](In x) { return nn::poisson_nll(sin(x[0]), square(x[1]), {.full = true}); });
}

void add_losses_of_margin(Cases& cases) {
  const std::vector<Inputs> pairs = {
      {{{33, 7}, {33, 7}}}, {{{2101, 3}, {2101, 3}}, Values::wide}, {{{9, 5}, {9, 5}}, Values::wide, DType::float64}};
  const auto signs = [](const Shape& shape) { return indices(shape, 6, 2) * 2 - 1; };
  add_op(cases, "margin_ranking", pairs,
         [=](In x) { return nn::margin_ranking(x[0], x[1], signs(x[0].shape()), 0.3); });
  add_op(cases, "hinge_embedding", pairs, [=](In x) { return nn::hinge_embedding(x[0] - x[1], signs(x[0].shape())); });
  add_op(
      cases, "soft_margin", pairs, [=](In x) { return nn::soft_margin(x[0] - x[1], signs(x[0].shape())); },
      Float64::not_on_gpu);
  add_op(cases, "cosine_embedding", pairs,
         [=](In x) { return nn::cosine_embedding(x[0], x[1], signs({x[0].size(0)}), -0.5); });
  add_op(cases, "cosine_similarity", pairs, [](In x) { return nn::cosine_similarity(x[0], x[1], 0); });
  add_op(cases, "triplet_margin", pairs,
         [](In x) { return nn::triplet_margin(x[0], x[1], x[0] - x[1], {.swap = true}); });
  add_op(
      cases, "triplet_margin.p", pairs, [](In x) { return nn::triplet_margin(x[0], x[1], sin(x[0]), {.p = 3}); },
      Float64::not_on_gpu);
}

void add_distributions(Cases& cases) {
  using namespace nn;
  const std::vector<Inputs> pairs = {{{{33, 7}, {33, 7}}}, {{{9, 5}, {9, 5}}, Values::wide, DType::float64}};
  const auto add = [&](const char* name, const Op& op) { add_op(cases, name, pairs, op, Float64::not_on_gpu); };
  add("normal.log_prob", [](In x) {
    const Tensor deviation = square(x[1]) + 0.1, at = sin(x[1]);
    return Normal(x[0], deviation).log_prob(at);
  });
  add("normal.kl", [](In x) {
    const Tensor p_width = square(x[1]) + 0.1, q_mean = sin(x[0]), q_width = square(x[0]) + 0.2;
    const Normal p(x[0], p_width), q(q_mean, q_width);
    const Tensor divergence = kl(p, q), entropy = p.entropy();
    return divergence + entropy;
  });
  add("categorical", [](In x) {
    const Categorical p({.logits = x[0]}), q({.probs = square(x[1]) + 0.1});
    return kl(p, q) + p.entropy() - q.entropy() + p.log_prob(indices({x[0].size(0)}, 5, x[0].size(1)));
  });
  add("bernoulli_distribution", [](In x) {
    const Bernoulli p({.logits = x[0]}), q({.probs = sigmoid(x[1])});
    const Tensor divergence = kl(p, q), entropy = p.entropy();
    const Tensor seen = q.log_prob((x[0].detach() > 0.0).to(x[0].dtype()));
    return divergence + entropy - seen;
  });
  cases.push_back({"distributions.samples", [](Trace& trace) {
                     Stream stream(Rng(7) / "samples");
                     const Tensor x = values({33, 7}, 1, Values::wide);
                     trace(Normal(x, square(x)).sample(stream, {3}));
                     trace(Bernoulli({.probs = sigmoid(x)}).sample(stream, {3}));
                   }});
}

// What is added up over all parameters, in their order.
void add_clipping(Cases& cases) {
  const std::vector<Inputs> parameters = {{{{33, 7}, {5}, {2101}, {3, 65, 3}}, Values::wide},
                                          {{{9}, {5, 3}}, Values::wide, DType::float64}};
  const auto clipped = [](std::vector<Tensor> gradients) {
    std::vector<Tensor*> all;
    for (Tensor& g : gradients) all.push_back(&g);
    std::vector<Tensor> seen = {clip_norm(all, 0.7).reshape({1})};
    for (const Tensor& g : gradients) seen.push_back(g.flatten());
    return concatenate(seen);
  };
  add_forward(cases, "clip_norm", parameters, clipped);
  add_forward(cases, "clip_norm.overflowing", parameters, [clipped](In x) {
    std::vector<Tensor> large;
    for (const Tensor& g : x) large.push_back(g * (g.dtype() == DType::float32 ? 1e30 : 1e300));
    return clipped(large);
  });
}

void add_initialisers(Cases& cases) {
  cases.push_back({"initialisers", [](Trace& trace) {
                     const Rng rng(3, "init");
                     constexpr DType wide = DType::float64;  // shows every bit of a bound
                     const Shape shape{33, 7, 3};
                     const auto show = [&](const Tensor& x) { trace(x.to(device())); };
                     show(nn::init::kaiming_uniform(shape, rng / "a", {.a = 0.3}));
                     show(nn::init::kaiming_normal(shape, rng / "b", {.fan = nn::init::Fan::out}));
                     show(nn::init::xavier_uniform(shape, rng / "c", 1.1));
                     show(nn::init::xavier_normal(shape, rng / "d"));
                     show(nn::init::kaiming_uniform(shape, rng / "g", {.a = 0.3, .dtype = wide}));
                     show(nn::init::kaiming_normal(shape, rng / "h", {.dtype = wide}));
                     show(nn::init::xavier_uniform(shape, rng / "i", 1.1, wide));
                     show(nn::init::xavier_normal(shape, rng / "j", 1.1, wide));
                     show(nn::init::orthogonal({17, 40}, rng / "e", 1.3));
                     show(nn::init::orthogonal({40, 17}, rng / "f", 1, wide));
                   }});
}

// The gradient of x in x + f(x), of f's layer on device().
template <class Layer, class F> void add_residual(Cases& cases, const char* name, Layer layer, F f) {
  cases.push_back({name, [=](Trace& trace) {
                     Layer own = layer;
                     to(own, device());
                     const Tensor x = watch(values({4, 8, 16}, 1, Values::wide));
                     trace(backward(sum(square(x + f(own, x))))[x]);
                   }});
}

// Gradients of the gradients of two inputs.
void add_second(Cases& cases, const char* name, const Op& op) {
  cases.push_back({name, [=](Trace& trace) {
                     const Tensor a = watch(sin(values({33, 7}, 1, Values::wide))),
                                  b = watch(cos(values({33, 7}, 2, Values::wide)));
                     const Gradients first = backward(sum(square(op({a, b}))), {.graph = true});
                     const Tensor of_a = sum(square(first[a])), of_b = sum(square(first[b]));
                     const Gradients second = backward(of_a + of_b);
                     trace(second[a]);
                     trace(second[b]);
                   }});
}

// Values that stand in several operands of one expression, which C++ evaluates in the order that a compiler likes:
// their gradients add up in the order of their uses, which the sources therefore name.
void add_shared_operands(Cases& cases) {
  add_residual(cases, "swiglu.residual", nn::SwiGLU(16, 32, Rng(3, "swiglu")),
               [](auto& layer, const Tensor& x) { return layer(x); });
  add_residual(cases, "attention.of_one", nn::MultiHeadAttention(16, 2, Rng(3, "attention")),
               [](auto& layer, const Tensor& x) { return layer(x, x, x); });
  add_second(cases, "div.second", [](In x) {
    const Tensor ratio = x[0] / x[1], product = square(x[0]) * x[1];
    return ratio + product;
  });
  add_second(cases, "bce.second", [](In x) { return nn::bce(sigmoid(x[0]), sigmoid(x[1])); });
  add_second(cases, "gaussian_nll.second", [](In x) { return nn::gaussian_nll(x[0], x[1], square(x[0]) + 0.1); });
  add_second(cases, "selu.second", [](In x) { return selu(x[0] * x[1]); });
  add_second(cases, "einsum.second", [](In x) {
    const Tensor both = x[0] * x[1];
    return einsum("ij,ij->ij", {both, both}) * both;
  });
}

template <class Optimizer, class Options> void add_optimizer(Cases& cases, const char* name, const Options& options) {
  cases.push_back({name, [=](Trace& trace) {
                     for (DType dtype : {DType::float32, DType::float64}) {
                       nn::Linear net(33, 67, Rng(4, "net"), {.dtype = dtype});
                       to(net, device());
                       Optimizer optimizer(net, options);
                       optim::Ema average(net, 0.9);
                       for (uint64_t step = 0; step < 12; ++step) {
                         const Tensor x = values({5, 33}, step, Values::wide, dtype) * 1e-4;
                         Gradients gradients = backward(sum(square(net(x))));
                         if (step % 3 == 2) optim::clip_value(gradients, net, 0.1);
                         optimizer.step(gradients);
                         average.update(net);
                       }
                       StateTrace state(trace);
                       state("net", net)("optimizer", optimizer)("average", average);
                     }
                   }});
}

void add_optimizers(Cases& cases) {
  using namespace optim;
  cases.push_back({"schedules", [](Trace& trace) {
                     for (const Schedule& s :
                          {step_decay(3, 0.3), cosine(17, 0.01), warm_up(7, cosine(11, 0.1), 0.3), one_cycle(19)}) {
                       std::vector<double> factors;
                       for (int64_t step = 0; step < 20; ++step) factors.push_back(s(step));
                       trace(Tensor::from(factors).to(device()));
                     }
                   }});
  add_optimizer<SGD>(cases, "sgd", SgdOptions{.lr = 0.1});
  add_optimizer<SGD>(cases, "sgd.momentum",
                     SgdOptions{.lr = 0.1, .momentum = 0.9, .dampening = 0.1, .weight_decay = 1e-3});
  add_optimizer<SGD>(cases, "sgd.nesterov",
                     SgdOptions{.lr = 0.1, .momentum = 0.8, .nesterov = true, .schedule = step_decay(3, 0.3)});
  add_optimizer<Adam>(cases, "adam", AdamOptions{.schedule = one_cycle(12)});
  add_optimizer<Adam>(cases, "adam.decay", AdamOptions{.lr = 1e-2, .beta1 = 0.8, .beta2 = 0.99, .weight_decay = 0.1});
  add_optimizer<AdamW>(cases, "adamw", AdamWOptions{.lr = 1e-2, .schedule = warm_up(4, cosine(8, 0.01))});
}

void add_composed_optimizers(Cases& cases) {
  using namespace optim;
  cases.push_back({"schedules.more", [](Trace& trace) {
                     for (const Schedule& s :
                          {multi_step({3, 5, 5}, 0.3), exponential(0.97), polynomial(17, 2.5, 0.1), linear(7, 0.3),
                           cosine_restarts(3, 2, 0.01), chained({linear(5, 0.1), exponential(0.9)}),
                           sequential({linear(5, 0.1), exponential(0.9), step_decay(2, 0.5)}, {5, 9})}) {
                       std::vector<double> factors;
                       for (int64_t step = 0; step < 20; ++step) factors.push_back(s(step));
                       trace(Tensor::from(factors).to(device()));
                     }
                   }});
  add_optimizer<RMSprop>(cases, "rmsprop", RmsPropOptions{});
  add_optimizer<RMSprop>(cases, "rmsprop.centered",
                         RmsPropOptions{.lr = 1e-3, .momentum = 0.9, .centered = true, .weight_decay = 1e-3});
  add_optimizer<Adagrad>(cases, "adagrad", AdagradOptions{.lr_decay = 0.1, .initial = 0.1, .weight_decay = 1e-3});
  add_optimizer<Adadelta>(cases, "adadelta", AdadeltaOptions{.weight_decay = 1e-3});
  add_optimizer<NAdam>(cases, "nadam", NAdamOptions{.weight_decay = 1e-3});
  add_optimizer<Lion>(cases, "lion", LionOptions{.lr = 1e-3, .weight_decay = 0.1, .schedule = cosine(8, 0.01)});
  add_optimizer<Adafactor>(cases, "adafactor", AdafactorOptions{.weight_decay = 0.1});
  add_optimizer<Muon>(cases, "muon", MuonOptions{.weight_decay = 0.1, .adamw_lr = 1e-2});
}

}  // namespace

void add_training(Cases& cases) {
  add_losses(cases);
  add_losses_of_likelihood(cases);
  add_losses_of_margin(cases);
  add_distributions(cases);
  add_clipping(cases);
  add_shared_operands(cases);
  add_initialisers(cases);
  add_optimizers(cases);
  add_composed_optimizers(cases);
  cases.push_back(
      {"digits", [](Trace& trace) { trace(data::draw_digits({.count = 12, .seed = 3}).pixels().to(device())); }});
}

}  // namespace stet::digests
