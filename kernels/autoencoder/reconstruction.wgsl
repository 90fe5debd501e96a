// Errors of reconstructions y of x, and the loss of a batch from them. Activations are
// [N][BLOCKS][PIXELS] vec4f: four channels of a pixel.
//
// compare -> merge -> total: a part (a workgroup) sums SPAN pixels of a channel block of an image,
// the parts of each image are merged into its row, and the rows into one number; every sum has a
// fixed order. Between merge and total latent.wgsl may set the divergence in a row.

struct Params {
  // Number of the training step, from 0, and the training's seed.
  step: u32,
  seed: u32,
  // Place of the batch's first sample in the epoch.
  first: u32,
  // Where the loss goes in `losses`.
  slot: u32,
  // What the gradient is multiplied by: 1 over the number of batches that are accumulated.
  share: f32,
}

// Invocations of a workgroup.
const LANES: u32 = 64u;
// Channels, the blocks of four that hold them, and pixels of each.
const CHANNELS: u32 = 1u;
const BLOCKS: u32 = 1u;
const PIXELS: u32 = 64u;
// Parts of an image, and pixels of a part; the last of a block may have fewer.
const PARTS: u32 = 1u;
const SPAN: u32 = 64u;
// Squared and absolute error, Huber, smooth L1, binary cross-entropy with logits, Kullback-Leibler
// divergence, and of probabilities binary cross-entropy and the continuous Bernoulli distribution's
// negative log-likelihood.
const MSE: u32 = 0u;
const L1: u32 = 1u;
const HUBER: u32 = 2u;
const SMOOTH_L1: u32 = 3u;
const BCE_WITH_LOGITS: u32 = 4u;
const KL_DIV: u32 = 5u;
const BERNOULLI: u32 = 6u;
const CONTINUOUS_BERNOULLI: u32 = 7u;
const KIND: u32 = MSE;
// What the sum over an image's values, and its divergence, are multiplied by in the loss.
const SCALE: f32 = 1.0;
const KL_SCALE: f32 = 1.0;
// Differentiates too; otherwise only the errors are computed.
const GRADIENT: bool = true;
// Place of the loss in non_finite_steps.
const NON_FINITE_AT: u32 = 0u;

// Where Huber's and smooth L1's parabola ends.
const DELTA: f32 = 1.0;
const LARGEST: f32 = 3.40282346e38;

// texels
@group(0) @binding(0) var<storage, read> x: array<vec4f>;
// texels
@group(0) @binding(1) var<storage, read> y: array<vec4f>;
// d loss / d y.
@group(0) @binding(2) var<storage, read_write> dy: array<vec4f>;
// Of each part: sums of the loss, of |y - x| and of (y - x)^2, and the least x.
@group(0) @binding(3) var<storage, read_write> partials_out: array<vec4f>;
@group(0) @binding(4) var<storage, read> partials_in: array<vec4f>;
// [N][2] vec4f: those numbers of an image; its divergence and three zeros.
@group(0) @binding(5) var<storage, read_write> rows_out: array<vec4f>;
@group(0) @binding(6) var<storage, read> rows_in: array<vec4f>;
// Of each batch of the epoch.
@group(0) @binding(7) var<storage, read_write> losses: array<f32>;
// Of each checked layer: step + 1 of its first values that are not finite; 0 where all are.
@group(0) @binding(8) var<storage, read_write> non_finite_steps: array<u32>;
@group(0) @binding(9) var<uniform> params: Params;

var<workgroup> shared_sums: array<vec4f, LANES>;

// Adds sums and takes the least of the last components.
fn merged(a: vec4f, b: vec4f) -> vec4f { return vec4f(a.xyz + b.xyz, min(a.w, b.w)); }

// Merges the workgroup's numbers in a fixed tree; every invocation gets the result.
fn total_of(lane: u32, value: vec4f) -> vec4f {
  shared_sums[lane] = value;
  workgroupBarrier();
  for (var stride = LANES / 2u; stride > 0u; stride /= 2u) {
    if (lane < stride) {
      shared_sums[lane] = merged(shared_sums[lane], shared_sums[lane + stride]);
    }
    workgroupBarrier();
  }
  return shared_sums[0];
}

// Which of a block's four channels are none of the padding.
fn channels_of(block: u32) -> vec4<bool> {
  return vec4u(0u, 1u, 2u, 3u) + vec4u(4u * block) < vec4u(CHANNELS);
}

// -t log(y) - (1 - t) log(1 - y), its logarithms at least -100 as PyTorch's.
fn cross_entropy(v: vec4f, t: vec4f) -> vec4f {
  let least = vec4f(-100.0);
  return -t * max(log(v), least) - (1.0 - t) * max(log(1.0 - v), least);
}

// log C(v) = log(2 artanh(u) / u) with u = 1 - 2 v, of the continuous Bernoulli distribution
// (Loaiza-Ganem and Cunningham, NeurIPS 2019); near u = 0 by the series of artanh.
fn log_constant(given: vec4f) -> vec4f {
  let v = clamp(given, vec4f(1e-5), vec4f(1.0 - 1e-5));
  let u = 1.0 - 2.0 * v;
  let s = u * u;
  let series = 1.0 + s * (1.0 / 3.0 + s * (0.2 + s * (1.0 / 7.0 + s / 9.0)));
  let far = (log(1.0 - v) - log(v)) / u;
  return log(select(far, 2.0 * series, abs(u) < vec4f(0.2)));
}

// Mean of that distribution, 1 / (2 artanh(u)) - v / u, or v where log_constant is clamped:
// v - v (1 - v) times the derivative of log_constant by v.
fn mean_of(v: vec4f) -> vec4f {
  let u = 1.0 - 2.0 * v;
  let s = u * u;
  let series = 1.0 + s * (1.0 / 3.0 + s * (0.2 + s * (1.0 / 7.0 + s / 9.0)));
  let slope = u * (2.0 / 3.0 + s * (0.8 + s * (6.0 / 7.0 + s * 8.0 / 9.0))) / series;
  let near = v + 2.0 * v * (1.0 - v) * slope;
  let far = 1.0 / (log(1.0 - v) - log(v)) - v / u;
  let mean = select(far, near, abs(u) < vec4f(0.2));
  return select(v, mean, (v >= vec4f(1e-5)) & (v <= vec4f(1.0 - 1e-5)));
}

// Loss of each value v by its target t.
fn loss_of(v: vec4f, t: vec4f) -> vec4f {
  let d = abs(v - t);
  if (KIND == MSE) { return d * d; }
  if (KIND == L1) { return d; }
  if (KIND == HUBER) {
    return select(DELTA * (d - 0.5 * DELTA), 0.5 * d * d, d < vec4f(DELTA));
  }
  if (KIND == SMOOTH_L1) {
    return select(d - 0.5 * DELTA, 0.5 * d * d / DELTA, d < vec4f(DELTA));
  }
  if (KIND == BCE_WITH_LOGITS) {
    return max(v, vec4f(0.0)) - v * t + log(1.0 + exp(-abs(v)));
  }
  if (KIND == KL_DIV) { return select(vec4f(0.0), t * (log(t) - v), t > vec4f(0.0)); }
  if (KIND == BERNOULLI) { return cross_entropy(v, t); }
  if (KIND == CONTINUOUS_BERNOULLI) { return cross_entropy(v, t) - log_constant(v); }
  return vec4f(0.0);
}

// Derivative of loss_of by v.
fn slope_of(v: vec4f, t: vec4f) -> vec4f {
  let d = v - t;
  if (KIND == MSE) { return 2.0 * d; }
  if (KIND == L1) { return sign(d); }
  if (KIND == HUBER) { return clamp(d, vec4f(-DELTA), vec4f(DELTA)); }
  if (KIND == SMOOTH_L1) { return clamp(d / DELTA, vec4f(-1.0), vec4f(1.0)); }
  if (KIND == BCE_WITH_LOGITS) {
    let e = exp(-abs(v));
    let positive = 1.0 / (1.0 + e);
    return select(1.0 - positive, positive, v >= vec4f(0.0)) - t;
  }
  if (KIND == KL_DIV) { return select(vec4f(0.0), -t, t > vec4f(0.0)); }
  if (KIND == BERNOULLI) { return d / max(v * (1.0 - v), vec4f(1e-12)); }
  if (KIND == CONTINUOUS_BERNOULLI) {
    return (mean_of(v) - t) / max(v * (1.0 - v), vec4f(1e-12));
  }
  return vec4f(0.0);
}

// Makes the loss NaN, so that the training reports it.
fn undefined_number(zero: u32) -> f32 { return bitcast<f32>(0x7fc00000u | zero); }

// Whether a target is none of the distribution's.
fn is_outside(t: vec4f, kept: vec4<bool>) -> bool {
  let outside = any(kept & ((t < vec4f(0.0)) | (t > vec4f(1.0))));
  if (KIND == BERNOULLI) { return outside; }
  if (KIND == CONTINUOUS_BERNOULLI) { return outside; }
  return false;
}

// Grid: parts of a channel block, channel blocks, images.
@compute @workgroup_size(LANES)
fn compare(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let block = group.z * BLOCKS + group.y;
  let kept = channels_of(group.y);
  let end = min(group.x * SPAN + SPAN, PIXELS);
  var sums = vec4f(0.0, 0.0, 0.0, LARGEST);
  for (var p = group.x * SPAN + lane; p < end; p += LANES) {
    let at = block * PIXELS + p;
    let t = x[at];
    let v = y[at];
    let error = select(vec4f(0.0), abs(v - t), kept);
    let low = select(vec4f(LARGEST), t, kept);
    var loss = dot(select(vec4f(0.0), loss_of(v, t), kept), vec4f(1.0));
    if (is_outside(t, kept)) { loss = undefined_number(0u); }
    sums += vec4f(loss, dot(error, vec4f(1.0)), dot(error, error), 0.0);
    sums.w = min(sums.w, min(min(low.x, low.y), min(low.z, low.w)));
    if (GRADIENT) {
      let scale = params.share * SCALE / f32(groups.z);
      dy[at] = select(vec4f(0.0), scale * slope_of(v, t), kept);
    }
  }
  let part = total_of(lane, sums);
  if (lane == 0u) { partials_out[block * groups.x + group.x] = part; }
}

// One workgroup an image.
@compute @workgroup_size(LANES)
fn merge(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  var sums = vec4f(0.0, 0.0, 0.0, LARGEST);
  for (var part = lane; part < PARTS; part += LANES) {
    sums = merged(sums, partials_in[group.x * PARTS + part]);
  }
  let row = total_of(lane, sums);
  if (lane == 0u) {
    rows_out[2u * group.x] = row;
    rows_out[2u * group.x + 1u] = vec4f(0.0);
  }
}

// Mean over images of SCALE x loss + KL_SCALE x divergence. One workgroup.
@compute @workgroup_size(LANES)
fn total(@builtin(local_invocation_index) lane: u32) {
  let images = arrayLength(&rows_in) / 2u;
  var sum = vec4f(0.0);
  for (var image = lane; image < images; image += LANES) {
    sum += vec4f(rows_in[2u * image].x, rows_in[2u * image + 1u].x, 0.0, 0.0);
  }
  let sums = total_of(lane, sum);
  if (lane == 0u) {
    let loss = (SCALE * sums.x + KL_SCALE * sums.y) / f32(images);
    losses[params.slot] = loss;
    let is_non_finite = (bitcast<u32>(loss) & 0x7f800000u) == 0x7f800000u;
    if (is_non_finite && non_finite_steps[NON_FINITE_AT] == 0u) {
      non_finite_steps[NON_FINITE_AT] = params.step + 1u;
    }
  }
}
