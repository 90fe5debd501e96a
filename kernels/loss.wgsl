// Losses over a batch of rows [batch][ROW] and their gradients, in one workgroup: the loss is one
// number, and its gradient needs the sum of weights first.

struct Params {
  // Number of the training step, from 0, and the training's seed.
  step: u32,
  seed: u32,
  // Place of the batch's first sample in `order`.
  first: u32,
  // Where the loss goes in `losses`.
  slot: u32,
  // What the gradient is multiplied by: 1 over the number of batches that are accumulated.
  share: f32,
}

// Invocations of the workgroup.
const LANES: u32 = 64u;
// Outputs of a sample, and floats from one row to the next (a multiple of 4).
const OUTPUTS: u32 = 2u;
const ROW: u32 = 4u;
// Of `regression`: squared and absolute error, Huber, smooth L1, binary cross-entropy with logits,
// Kullback-Leibler divergence.
const MSE: u32 = 0u;
const L1: u32 = 1u;
const HUBER: u32 = 2u;
const SMOOTH_L1: u32 = 3u;
const BCE_WITH_LOGITS: u32 = 4u;
const KL_DIV: u32 = 5u;
const KIND: u32 = MSE;
// Where Huber's and smooth L1's parabola ends; the margin of multi-margin.
const DELTA: f32 = 1.0;
// cross_entropy: the share of every target that all classes get alike (label smoothing), and the
// exponent of the focal loss, where there are such.
const SMOOTHED: bool = false;
const SMOOTHING: f32 = 0.1;
const FOCAL: bool = false;
const FOCUS: f32 = 2.0;
// Differentiates too; otherwise only the loss is computed.
const GRADIENT: bool = true;
// Place of the loss in non_finite_steps.
const NON_FINITE_AT: u32 = 0u;

@group(0) @binding(0) var<storage, read> logits: array<f32>;
@group(0) @binding(1) var<storage, read> order: array<u32>;
// Class of each item.
@group(0) @binding(2) var<storage, read> classes: array<u32>;
// [items][OUTPUTS]
@group(0) @binding(3) var<storage, read> targets: array<f32>;
// One a class.
@group(0) @binding(4) var<storage, read> weights: array<f32>;
@group(0) @binding(5) var<storage, read_write> losses: array<f32>;
// d loss / d logits, [batch][ROW].
@group(0) @binding(6) var<storage, read_write> gradient: array<f32>;
// Of each checked layer: step + 1 of its first values that are not finite; 0 where all are.
@group(0) @binding(7) var<storage, read_write> non_finite_steps: array<u32>;
@group(0) @binding(8) var<uniform> params: Params;

fn batch() -> u32 { return arrayLength(&logits) / ROW; }

var<workgroup> shared_sums: array<vec2f, LANES>;

// Sums over the workgroup in a fixed tree; every invocation gets the result.
fn total(lane: u32, value: vec2f) -> vec2f {
  shared_sums[lane] = value;
  workgroupBarrier();
  for (var stride = LANES / 2u; stride > 0u; stride /= 2u) {
    if (lane < stride) { shared_sums[lane] += shared_sums[lane + stride]; }
    workgroupBarrier();
  }
  return shared_sums[0];
}

fn report(lane: u32, loss: f32) {
  if (lane == 0u) {
    losses[params.slot] = loss;
    let is_non_finite = (bitcast<u32>(loss) & 0x7f800000u) == 0x7f800000u;
    if (is_non_finite && non_finite_steps[NON_FINITE_AT] == 0u) {
      non_finite_steps[NON_FINITE_AT] = params.step + 1u;
    }
  }
}

fn largest(row: u32) -> f32 {
  var high = logits[row];
  for (var k = 1u; k < OUTPUTS; k++) { high = max(high, logits[row + k]); }
  return high;
}

// (1 - p)^FOCUS and what the gradient of cross-entropy is multiplied by in that of the focal loss,
// (1 - p)^FOCUS - FOCUS (1 - p)^(FOCUS - 1) p log p, for the true class's q = 1 - p.
fn focus(q: f32) -> vec2f {
  if (q <= 0.0) { return vec2f(0.0); }
  let p = 1.0 - q;
  let power = pow(q, FOCUS);
  // log(p) / q by its series where p is almost 1.
  let ratio = select(log(max(p, 1e-38)) / q, -1.0 - 0.5 * q, q < 1e-3);
  return vec2f(power, power * (1.0 - FOCUS * p * ratio));
}

// Sum of the exponentials of all classes but the true one.
fn others(row: u32, truth: u32, high: f32) -> f32 {
  var sum = 0.0;
  for (var k = 0u; k < OUTPUTS; k++) {
    if (k != truth) { sum += exp(logits[row + k] - high); }
  }
  return sum;
}

fn all_weights() -> f32 {
  var sum = 0.0;
  for (var k = 0u; k < OUTPUTS; k++) { sum += weights[k]; }
  return sum;
}

// Softmax and cross-entropy: sum of w_y (log sum exp - x_y) over the sum of w_y.
// With label smoothing e, as PyTorch: sum of (1 - e) w_y (...) + e / K sum of w_k (log sum exp -
// x_k).
// Focal (Lin et al., ICCV 2017): sum of w_y (1 - p_y)^FOCUS (log sum exp - x_y).
@compute @workgroup_size(LANES)
fn cross_entropy(@builtin(local_invocation_index) lane: u32) {
  var sum = vec2f(0.0);
  for (var n = lane; n < batch(); n += LANES) {
    let row = n * ROW;
    let truth = classes[order[params.first + n]];
    let high = largest(row);
    var exponentials = 0.0;
    for (var k = 0u; k < OUTPUTS; k++) { exponentials += exp(logits[row + k] - high); }
    let weight = weights[truth];
    var loss = weight * (log(exponentials) + high - logits[row + truth]);
    if (SMOOTHED) {
      loss *= 1.0 - SMOOTHING;
      for (var k = 0u; k < OUTPUTS; k++) {
        loss += SMOOTHING / f32(OUTPUTS) * weights[k] *
          (log(exponentials) + high - logits[row + k]);
      }
    }
    if (FOCAL) { loss *= focus(others(row, truth, high) / exponentials).x; }
    sum += vec2f(loss, weight);
  }
  let sums = total(lane, sum);
  report(lane, sums.x / sums.y);
  if (GRADIENT) {
    for (var n = lane; n < batch(); n += LANES) {
      let row = n * ROW;
      let truth = classes[order[params.first + n]];
      let high = largest(row);
      var exponentials = 0.0;
      for (var k = 0u; k < OUTPUTS; k++) { exponentials += exp(logits[row + k] - high); }
      let weight = params.share * weights[truth] / sums.y;
      for (var k = 0u; k < ROW; k++) {
        var g = 0.0;
        if (k < OUTPUTS) {
          g = weight * (exp(logits[row + k] - high) / exponentials - select(0.0, 1.0, k == truth));
          if (SMOOTHED) {
            let even = params.share * SMOOTHING / f32(OUTPUTS) / sums.y;
            g *= 1.0 - SMOOTHING;
            g += even * (all_weights() * exp(logits[row + k] - high) / exponentials - weights[k]);
          }
          if (FOCAL) {
            // The true class's p - 1 without cancellation.
            let q = others(row, truth, high) / exponentials;
            if (k == truth) { g = -weight * q; }
            g *= focus(q).y;
          }
        }
        gradient[row + k] = g;
      }
    }
  }
}

// Mean over samples of sum over k != y of w_y max(0, margin - x_y + x_k) / OUTPUTS.
@compute @workgroup_size(LANES)
fn multi_margin(@builtin(local_invocation_index) lane: u32) {
  var sum = 0.0;
  for (var n = lane; n < batch(); n += LANES) {
    let row = n * ROW;
    let truth = classes[order[params.first + n]];
    let weight = weights[truth] / f32(OUTPUTS);
    var above = 0.0;
    for (var k = 0u; k < OUTPUTS; k++) {
      let z = DELTA - logits[row + truth] + logits[row + k];
      if (k != truth && z > 0.0) {
        sum += weight * z;
        above += 1.0;
      }
    }
    if (GRADIENT) {
      for (var k = 0u; k < ROW; k++) {
        var g = 0.0;
        if (k < OUTPUTS) {
          let z = DELTA - logits[row + truth] + logits[row + k];
          if (k == truth) { g = -above; } else { g = select(0.0, 1.0, z > 0.0); }
        }
        gradient[row + k] = params.share * g * weight / f32(batch());
      }
    }
  }
  report(lane, total(lane, vec2f(sum, 0.0)).x / f32(batch()));
}

// Loss and derivative of one output.
fn pointwise(x: f32, t: f32) -> vec2f {
  let d = x - t;
  if (KIND == MSE) { return vec2f(d * d, 2.0 * d); }
  if (KIND == L1) { return vec2f(abs(d), sign(d)); }
  if (KIND == HUBER) {
    if (abs(d) < DELTA) { return vec2f(0.5 * d * d, d); }
    return vec2f(DELTA * (abs(d) - 0.5 * DELTA), DELTA * sign(d));
  }
  if (KIND == SMOOTH_L1) {
    if (abs(d) < DELTA) { return vec2f(0.5 * d * d / DELTA, d / DELTA); }
    return vec2f(abs(d) - 0.5 * DELTA, sign(d));
  }
  if (KIND == BCE_WITH_LOGITS) {
    let e = exp(-abs(x));
    let positive = 1.0 / (1.0 + e);
    let probability = select(1.0 - positive, positive, x >= 0.0);
    return vec2f(max(x, 0.0) - x * t + log(1.0 + e), probability - t);
  }
  if (KIND == KL_DIV) {
    if (t > 0.0) { return vec2f(t * (log(t) - x), -t); }
  }
  return vec2f(0.0);
}

// Mean over samples and outputs.
@compute @workgroup_size(LANES)
fn regression(@builtin(local_invocation_index) lane: u32) {
  var sum = 0.0;
  for (var n = lane; n < batch(); n += LANES) {
    let row = n * ROW;
    let item = order[params.first + n];
    for (var k = 0u; k < ROW; k++) {
      var g = 0.0;
      if (k < OUTPUTS) {
        let both = pointwise(logits[row + k], targets[item * OUTPUTS + k]);
        sum += both.x;
        g = both.y;
      }
      if (GRADIENT) { gradient[row + k] = params.share * g / f32(batch() * OUTPUTS); }
    }
  }
  report(lane, total(lane, vec2f(sum, 0.0)).x / f32(batch() * OUTPUTS));
}
