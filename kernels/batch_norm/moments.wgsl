// Moments of batch normalisation over (N, D, H, W), or instance normalisation over (D, H, W), of
// activations [N][blocks][pixels] vec4f: four channels of a pixel.
//
// Training: statistics -> merge_statistics. Evaluation: running_moments. What one pass leaves for
// the next is NAME_out in the one and NAME_in in the other.
//
// One part (a workgroup of `statistics`) reduces `span` pixels of `images` images of a channel
// block; the parts are merged in order, so the result does not depend on scheduling.

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
// Instance normalisation: the blocks are those of all images, as of one, whose channels have
// neither parameters nor running statistics.
const INSTANCE: bool = false;

// texels
@group(0) @binding(0) var<storage, read> x: array<vec4f>;
// [blocks][parts] pairs: mean and sum of squared deviations.
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
// Of each checked layer: step + 1 of its first values that are not finite; 0 where all are.
@group(0) @binding(7) var<storage, read_write> non_finite_steps: array<u32>;
@group(0) @binding(8) var<uniform> params: Params;
@group(0) @binding(9) var<uniform> now: Step;

struct Moments {
  count: f32,
  mean: vec4f,
  // Sum of squared deviations from the mean.
  m2: vec4f,
}

var<workgroup> shared_moments: array<Moments, LANES>;
var<workgroup> merged_moments: array<Moments, MERGE_LANES>;

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
