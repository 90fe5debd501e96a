// Batch normalisation over (N, D, H, W), or instance normalisation over (D, H, W), with the
// activation and the residual sum that follow it.
// Activations are [N][blocks][pixels] vec4f: four channels of a pixel.
//
// Training forward: statistics -> merge_statistics -> normalize. Evaluation: running_moments ->
// normalize. Backward: backward_sums -> merge_backward_sums -> backward_normalize. What one pass
// leaves for the next is NAME_out in the one and NAME_in in the other.
//
// One part (a workgroup of `statistics` and `backward_sums`) reduces `span` pixels of `images`
// images of a channel block; the parts are merged in order, so the result does not depend on
// scheduling.

// A layer's shape, so that layers share pipelines.
struct Params {
  // Images.
  batch: u32,
  channels: u32,
  // Blocks of four channels.
  blocks: u32,
  // Of one channel of an image: depth x height x width.
  pixels: u32,
  // Values of a channel: batch x pixels.
  values: u32,
  // First float of beta, and of the running variance: parameters are aligned to 64 floats.
  shift_at: u32,
  // Parts of a channel block, and those along the pixels of a plane.
  parts: u32,
  pixel_parts: u32,
  // Pixels and images of a part; the last ones may have fewer.
  span: u32,
  images: u32,
  // Pixels that one workgroup of `normalize` and `backward_normalize` handles: a multiple of LANES.
  chunk: u32,
  // Place of this layer in non_finite_steps.
  non_finite_at: u32,
}

struct Step {
  // Number of the training step, from 0.
  step: u32,
}

// Invocations of a workgroup.
const LANES: u32 = 16u;
// Of a workgroup that merges the parts of a channel block.
const MERGE_LANES: u32 = 1u;
const EPSILON: f32 = 1e-5;
const MOMENTUM: f32 = 0.1;
const NONE: u32 = 0u;
const RELU: u32 = 1u;
const ELU: u32 = 2u;
const LEAKY_RELU: u32 = 3u;
const SIGMOID: u32 = 4u;
const TANH: u32 = 5u;
const ACTIVATION: u32 = RELU;
// Of LEAKY_RELU below zero.
const SLOPE: f32 = 0.01;
// Instance normalisation: the blocks are those of all images, as of one, whose channels have
// neither parameters nor running statistics.
const INSTANCE: bool = false;
// normalize: adds a second tensor before the activation; it is normalised first when NORMALISED.
const RESIDUAL: bool = false;
const NORMALISED: bool = false;
// backward: the mask of ReLU comes from x again rather than from the stored output.
const RECOMPUTE: bool = false;
// backward_normalize: leaves the gradient before the normalisation in dy, for the residual branch.
const KEEP_MASKED: bool = false;
// backward_normalize writes dx in place of dy.
const IN_PLACE: bool = false;
// backward: dy is the gradient of a max pool whose windows tile the output, and which chose
// `positions`. Sizes of the output, of a window, and the padding before the first plane, row and
// column.
const POOLED: bool = false;
const DEPTH: u32 = 1u;
const HEIGHT: u32 = 8u;
const WIDTH: u32 = 8u;
const KERNEL_DEPTH: u32 = 1u;
const KERNEL_HEIGHT: u32 = 2u;
const KERNEL_WIDTH: u32 = 2u;
const PAD_FRONT: u32 = 0u;
const PAD_TOP: u32 = 0u;
const PAD_LEFT: u32 = 0u;
// merge_backward_sums adds to the gradients of the parameters.
const ACCUMULATE: bool = false;

// texels
@group(0) @binding(0) var<storage, read> x: array<vec4f>;
// [blocks][parts] pairs: mean and sum of squared deviations, or the two backward sums.
@group(0) @binding(1) var<storage, read_write> partials_out: array<vec4f>;
// texels
@group(0) @binding(2) var<storage, read> partials_in: array<vec4f>;
// gamma in the first `channels` floats, beta from float shift_at on
@group(0) @binding(3) var<storage, read> parameters: array<f32>;
// Mean, and variance from float shift_at on.
@group(0) @binding(4) var<storage, read_write> running: array<f32>;
@group(0) @binding(5) var<storage, read> running_in: array<f32>;
// [4][blocks]: mean, 1 / standard deviation, gamma / standard deviation, beta
@group(0) @binding(6) var<storage, read_write> moments_out: array<vec4f>;
// texels
@group(0) @binding(7) var<storage, read> moments_in: array<vec4f>;
@group(0) @binding(8) var<storage, read_write> y: array<vec4f>;
// texels
@group(0) @binding(9) var<storage, read> residual: array<vec4f>;
// texels
@group(0) @binding(10) var<storage, read> residual_moments: array<vec4f>;
// texels
@group(0) @binding(11) var<storage, read> output: array<vec4f>;
// texels
@group(0) @binding(12) var<storage, read> dy: array<vec4f>;
// texels
@group(0) @binding(13) var<storage, read_write> dy_masked: array<vec4f>;
@group(0) @binding(14) var<storage, read_write> gradients: array<f32>;
// [2][blocks]: mean of g, mean of g times the normalised input
@group(0) @binding(15) var<storage, read_write> means_out: array<vec4f>;
@group(0) @binding(16) var<storage, read> means_in: array<vec4f>;
// Holds dy before IN_PLACE.
// texels
@group(0) @binding(17) var<storage, read_write> dx: array<vec4f>;
// Of each checked layer: step + 1 of its first values that are not finite; 0 where all are.
@group(0) @binding(18) var<storage, read_write> non_finite_steps: array<u32>;
// texels
@group(0) @binding(21) var<storage, read> positions: array<vec4f>;
@group(0) @binding(19) var<uniform> params: Params;
@group(0) @binding(20) var<uniform> now: Step;

struct Moments {
  count: f32,
  mean: vec4f,
  // Sum of squared deviations from the mean.
  m2: vec4f,
}

var<workgroup> shared_moments: array<Moments, LANES>;
var<workgroup> shared_sums: array<array<vec4f, 2>, LANES>;
var<workgroup> merged_moments: array<Moments, MERGE_LANES>;
var<workgroup> merged_sums: array<array<vec4f, 2>, MERGE_LANES>;

// Chan, Golub and LeVeque's pairwise rule.
fn merge(a: Moments, b: Moments) -> Moments {
  if (b.count == 0.0) { return a; }
  if (a.count == 0.0) { return b; }
  let count = a.count + b.count;
  let delta = b.mean - a.mean;
  return Moments(
    count,
    a.mean + delta * (b.count / count),
    a.m2 + b.m2 + delta * delta * (a.count * b.count / count),
  );
}

@compute @workgroup_size(LANES)
fn statistics(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let block = group.y;
  let start = group.x % params.pixel_parts * params.span;
  let end = min(start + params.span, params.pixels);
  let first = group.x / params.pixel_parts * params.images;
  var total = Moments(0.0, vec4f(0.0), vec4f(0.0));
  for (var n = first; n < min(first + params.images, params.batch); n++) {
    let base = (n * params.blocks + block) * params.pixels;
    var p = start + lane;
    while (p + 3u * LANES < end) {
      let a = x[base + p];
      let b = x[base + p + LANES];
      let c = x[base + p + 2u * LANES];
      let d = x[base + p + 3u * LANES];
      let mean = ((a + b) + (c + d)) * 0.25;
      let da = a - mean;
      let db = b - mean;
      let dc = c - mean;
      let dd = d - mean;
      total = merge(total, Moments(4.0, mean, (da * da + db * db) + (dc * dc + dd * dd)));
      p += 4u * LANES;
    }
    while (p < end) {
      total = merge(total, Moments(1.0, x[base + p], vec4f(0.0)));
      p += LANES;
    }
  }
  shared_moments[lane] = total;
  workgroupBarrier();
  for (var stride = LANES / 2u; stride > 0u; stride /= 2u) {
    if (lane < stride) {
      shared_moments[lane] = merge(shared_moments[lane], shared_moments[lane + stride]);
    }
    workgroupBarrier();
  }
  if (lane == 0u) {
    let at = (block * params.parts + group.x) * 2u;
    partials_out[at] = shared_moments[0].mean;
    partials_out[at + 1u] = shared_moments[0].m2;
  }
}

fn gamma_of(c: u32) -> f32 { if (c < params.channels) { return parameters[c]; } return 0.0; }
fn beta_of(c: u32) -> f32 {
  if (c < params.channels) { return parameters[params.shift_at + c]; }
  return 0.0;
}
fn gamma_block(block: u32) -> vec4f {
  let c = block * 4u;
  return vec4f(gamma_of(c), gamma_of(c + 1u), gamma_of(c + 2u), gamma_of(c + 3u));
}
fn beta_block(block: u32) -> vec4f {
  let c = block * 4u;
  return vec4f(beta_of(c), beta_of(c + 1u), beta_of(c + 2u), beta_of(c + 3u));
}

// NaN or infinity in any channel: all bits of the exponent.
fn is_non_finite(v: vec4f) -> bool {
  return any((bitcast<vec4u>(v) & vec4u(0x7f800000u)) == vec4u(0x7f800000u));
}

fn store_moments(block: u32, mean: vec4f, variance: vec4f) {
  let istd = vec4f(1.0) / sqrt(variance + vec4f(EPSILON));
  moments_out[block] = mean;
  moments_out[params.blocks + block] = istd;
  if (INSTANCE) {
    moments_out[2u * params.blocks + block] = istd;
    moments_out[3u * params.blocks + block] = vec4f(0.0);
  } else {
    moments_out[2u * params.blocks + block] = gamma_block(block) * istd;
    moments_out[3u * params.blocks + block] = beta_block(block);
  }
}

@compute @workgroup_size(MERGE_LANES)
fn merge_statistics(
  @builtin(workgroup_id) group: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let block = group.x;
  var total = Moments(0.0, vec4f(0.0), vec4f(0.0));
  for (var part = lane; part < params.parts; part += MERGE_LANES) {
    let at = (block * params.parts + part) * 2u;
    let rows = min(params.span, params.pixels - part % params.pixel_parts * params.span);
    let images = min(params.images, params.batch - part / params.pixel_parts * params.images);
    let count = f32(rows * images);
    total = merge(total, Moments(count, partials_in[at], partials_in[at + 1u]));
  }
  merged_moments[lane] = total;
  workgroupBarrier();
  for (var stride = MERGE_LANES / 2u; stride > 0u; stride /= 2u) {
    if (lane < stride) {
      merged_moments[lane] = merge(merged_moments[lane], merged_moments[lane + stride]);
    }
    workgroupBarrier();
  }
  if (lane > 0u) { return; }
  total = merged_moments[0];
  let variance = total.m2 / f32(params.values);
  store_moments(block, total.mean, variance);
  if (!INSTANCE) {
    if (is_non_finite(total.mean) || is_non_finite(total.m2)) {
      if (non_finite_steps[params.non_finite_at] == 0u) {
        non_finite_steps[params.non_finite_at] = now.step + 1u;
      }
    }
    let unbiased = total.m2 / f32(params.values - 1u);
    for (var i = 0u; i < 4u; i++) {
      let c = block * 4u + i;
      if (c < params.channels) {
        running[c] = (1.0 - MOMENTUM) * running[c] + MOMENTUM * total.mean[i];
        let v = params.shift_at + c;
        running[v] = (1.0 - MOMENTUM) * running[v] + MOMENTUM * unbiased[i];
      }
    }
  }
}

fn running_block(block: u32, offset: u32) -> vec4f {
  var v = vec4f(1.0);
  for (var i = 0u; i < 4u; i++) {
    let c = block * 4u + i;
    if (c < params.channels) { v[i] = running_in[offset + c]; }
  }
  return v;
}

@compute @workgroup_size(LANES)
fn running_moments(@builtin(global_invocation_id) id: vec3u) {
  if (id.x >= params.blocks) { return; }
  store_moments(id.x, running_block(id.x, 0u), running_block(id.x, params.shift_at));
}

// Comparisons are written so that NaN goes through instead of becoming zero.
fn activate(v: vec4f) -> vec4f {
  if (ACTIVATION == RELU) { return select(v, vec4f(0.0), v <= vec4f(0.0)); }
  if (ACTIVATION == ELU) { return select(v, exp(v) - vec4f(1.0), v <= vec4f(0.0)); }
  if (ACTIVATION == LEAKY_RELU) { return select(v, v * SLOPE, v <= vec4f(0.0)); }
  if (ACTIVATION == SIGMOID) { return vec4f(1.0) / (vec4f(1.0) + exp(-v)); }
  if (ACTIVATION == TANH) { return tanh(v); }
  return v;
}

// Derivative of the activation, from its output.
fn slope_at(z: vec4f) -> vec4f {
  if (ACTIVATION == RELU) { return select(vec4f(0.0), vec4f(1.0), z > vec4f(0.0)); }
  if (ACTIVATION == ELU) { return select(z + vec4f(1.0), vec4f(1.0), z > vec4f(0.0)); }
  if (ACTIVATION == LEAKY_RELU) { return select(vec4f(SLOPE), vec4f(1.0), z > vec4f(0.0)); }
  if (ACTIVATION == SIGMOID) { return z * (vec4f(1.0) - z); }
  if (ACTIVATION == TANH) { return vec4f(1.0) - z * z; }
  return vec4f(1.0);
}

const POOLED_HEIGHT: u32 = (PAD_TOP + HEIGHT) / KERNEL_HEIGHT;
const POOLED_WIDTH: u32 = (PAD_LEFT + WIDTH) / KERNEL_WIDTH;
const POOLED_PIXELS: u32 = (PAD_FRONT + DEPTH) / KERNEL_DEPTH * POOLED_HEIGHT * POOLED_WIDTH;

// The gradient by pixel p of the output's channel block number `channels`.
fn gradient_at(channels: u32, p: u32) -> vec4f {
  if (POOLED) {
    let plane = p / (HEIGHT * WIDTH) + PAD_FRONT;
    let row = p / WIDTH % HEIGHT + PAD_TOP;
    let column = p % WIDTH + PAD_LEFT;
    let within = (plane % KERNEL_DEPTH * KERNEL_HEIGHT + row % KERNEL_HEIGHT) * KERNEL_WIDTH +
      column % KERNEL_WIDTH;
    let pooled_row = plane / KERNEL_DEPTH * POOLED_HEIGHT + row / KERNEL_HEIGHT;
    let at = channels * POOLED_PIXELS + pooled_row * POOLED_WIDTH + column / KERNEL_WIDTH;
    return select(vec4f(0.0), dy[at], positions[at] == vec4f(f32(within)));
  } else {
    return dy[channels * params.pixels + p];
  }
}

@compute @workgroup_size(LANES)
fn normalize(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let block = group.y;
  let base = (group.z * params.blocks + block) * params.pixels;
  let mean = moments_in[block];
  let scale = moments_in[2u * params.blocks + block];
  let shift = moments_in[3u * params.blocks + block];
  var residual_mean = vec4f(0.0);
  var residual_scale = vec4f(1.0);
  var residual_shift = vec4f(0.0);
  if (NORMALISED) {
    residual_mean = residual_moments[block];
    residual_scale = residual_moments[2u * params.blocks + block];
    residual_shift = residual_moments[3u * params.blocks + block];
  }
  let end = min(group.x * params.chunk + params.chunk, params.pixels);
  for (var p = group.x * params.chunk + lane; p < end; p += LANES) {
    var v = (x[base + p] - mean) * scale + shift;
    if (RESIDUAL) { v += (residual[base + p] - residual_mean) * residual_scale + residual_shift; }
    y[base + p] = activate(v);
  }
}

@compute @workgroup_size(LANES)
fn backward_sums(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let block = group.y;
  let mean = moments_in[block];
  let istd = moments_in[params.blocks + block];
  let scale = moments_in[2u * params.blocks + block];
  let shift = moments_in[3u * params.blocks + block];
  let start = group.x % params.pixel_parts * params.span;
  let end = min(start + params.span, params.pixels);
  let first = group.x / params.pixel_parts * params.images;
  var sum = vec4f(0.0);
  var sum_normalised = vec4f(0.0);
  for (var n = first; n < min(first + params.images, params.batch); n++) {
    let channels = n * params.blocks + block;
    let base = channels * params.pixels;
    for (var p = start + lane; p < end; p += LANES) {
      let value = x[base + p];
      var g = gradient_at(channels, p);
      if (RECOMPUTE) {
        g = select(vec4f(0.0), g, (value - mean) * scale + shift > vec4f(0.0));
      } else {
        if (ACTIVATION != NONE) { g *= slope_at(output[base + p]); }
      }
      sum += g;
      sum_normalised += g * ((value - mean) * istd);
    }
  }
  shared_sums[lane][0] = sum;
  shared_sums[lane][1] = sum_normalised;
  workgroupBarrier();
  for (var stride = LANES / 2u; stride > 0u; stride /= 2u) {
    if (lane < stride) {
      shared_sums[lane][0] += shared_sums[lane + stride][0];
      shared_sums[lane][1] += shared_sums[lane + stride][1];
    }
    workgroupBarrier();
  }
  if (lane == 0u) {
    let at = (block * params.parts + group.x) * 2u;
    partials_out[at] = shared_sums[0][0];
    partials_out[at + 1u] = shared_sums[0][1];
  }
}

@compute @workgroup_size(MERGE_LANES)
fn merge_backward_sums(
  @builtin(workgroup_id) group: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let block = group.x;
  var sum = vec4f(0.0);
  var sum_normalised = vec4f(0.0);
  for (var part = lane; part < params.parts; part += MERGE_LANES) {
    let at = (block * params.parts + part) * 2u;
    sum += partials_in[at];
    sum_normalised += partials_in[at + 1u];
  }
  merged_sums[lane][0] = sum;
  merged_sums[lane][1] = sum_normalised;
  workgroupBarrier();
  for (var stride = MERGE_LANES / 2u; stride > 0u; stride /= 2u) {
    if (lane < stride) {
      merged_sums[lane][0] += merged_sums[lane + stride][0];
      merged_sums[lane][1] += merged_sums[lane + stride][1];
    }
    workgroupBarrier();
  }
  if (lane > 0u) { return; }
  sum = merged_sums[0][0];
  sum_normalised = merged_sums[0][1];
  means_out[block] = sum / f32(params.values);
  means_out[params.blocks + block] = sum_normalised / f32(params.values);
  if (!INSTANCE) {
    for (var i = 0u; i < 4u; i++) {
      let c = block * 4u + i;
      if (c < params.channels) {
        if (ACCUMULATE) {
          gradients[c] += sum_normalised[i];
          gradients[params.shift_at + c] += sum[i];
        } else {
          gradients[c] = sum_normalised[i];
          gradients[params.shift_at + c] = sum[i];
        }
      }
    }
  }
}

// dx = gamma * istd * (g - mean(g) - x_hat * mean(g * x_hat))
@compute @workgroup_size(LANES)
fn backward_normalize(
  @builtin(workgroup_id) group: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let block = group.y;
  let channels = group.z * params.blocks + block;
  let base = channels * params.pixels;
  let mean = moments_in[block];
  let istd = moments_in[params.blocks + block];
  let scale = moments_in[2u * params.blocks + block];
  let shift = moments_in[3u * params.blocks + block];
  let mean_g = means_in[block];
  let mean_gx = means_in[params.blocks + block];
  let end = min(group.x * params.chunk + params.chunk, params.pixels);
  for (var p = group.x * params.chunk + lane; p < end; p += LANES) {
    let at = base + p;
    let value = x[at];
    var g = vec4f(0.0);
    if (KEEP_MASKED) {
      g = dy_masked[at];
    } else {
      if (IN_PLACE) { g = dx[at]; } else { g = gradient_at(channels, p); }
    }
    if (RECOMPUTE) {
      g = select(vec4f(0.0), g, (value - mean) * scale + shift > vec4f(0.0));
    } else {
      if (ACTIVATION != NONE) { g *= slope_at(output[at]); }
    }
    if (KEEP_MASKED) { dy_masked[at] = g; }
    dx[at] = scale * (g - mean_g - (value - mean) * istd * mean_gx);
  }
}
