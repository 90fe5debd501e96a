// Gradients of normalisation, activation and residual sum, of activations [N][blocks][pixels]
// vec4f: four channels of a pixel.
//
// sums -> merge_sums -> normalize. What one pass leaves for the next is NAME_out in the one and
// NAME_in in the other. One part (a workgroup of `sums`) reduces `span` pixels of `images` images
// of a channel block; the parts are merged in order, so the result does not depend on scheduling.

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
  // Pixels that one workgroup of `normalize` handles: a multiple of LANES.
  chunk: u32,
}

// Invocations of a workgroup.
const LANES: u32 = 16u;
// Of a workgroup that merges the parts of a channel block.
const MERGE_LANES: u32 = 1u;
// Pixels that an invocation of `sums` loads before it waits for one.
const TOGETHER: u32 = 1u;
const NONE: u32 = 0u;
const RELU: u32 = 1u;
const ELU: u32 = 2u;
const LEAKY_RELU: u32 = 3u;
const SIGMOID: u32 = 4u;
const TANH: u32 = 5u;
const ACTIVATION: u32 = RELU;
// Of LEAKY_RELU below zero.
const SLOPE: f32 = 0.01;
// Instance normalisation: the blocks are those of all images, as of one, whose channels have no
// parameters.
const INSTANCE: bool = false;
// The mask of ReLU comes from x again rather than from the stored output.
const RECOMPUTE: bool = false;
// normalize: leaves the gradient before the normalisation in dy, for the residual branch.
const KEEP_MASKED: bool = false;
// normalize writes dx in place of dy.
const IN_PLACE: bool = false;
// dy is the gradient of a max pool whose windows tile the output, and which chose
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
// merge_sums adds to the gradients of the parameters.
const ACCUMULATE: bool = false;

// texels
@group(0) @binding(0) var<storage, read> x: array<vec4f>;
// [blocks][parts] pairs: the sums.
@group(0) @binding(1) var<storage, read_write> partials_out: array<vec4f>;
// texels
@group(0) @binding(2) var<storage, read> partials_in: array<vec4f>;
// [4][blocks]: mean, 1 / standard deviation, gamma / standard deviation, beta
// texels
@group(0) @binding(3) var<storage, read> moments: array<vec4f>;
// texels
@group(0) @binding(4) var<storage, read> output: array<vec4f>;
// texels
@group(0) @binding(5) var<storage, read> dy: array<vec4f>;
// texels
@group(0) @binding(6) var<storage, read_write> dy_masked: array<vec4f>;
@group(0) @binding(7) var<storage, read_write> gradients: array<f32>;
// [2][blocks]: mean of g, mean of g times the normalised input
@group(0) @binding(8) var<storage, read_write> means_out: array<vec4f>;
@group(0) @binding(9) var<storage, read> means_in: array<vec4f>;
// Holds dy before IN_PLACE.
// texels
@group(0) @binding(10) var<storage, read_write> dx: array<vec4f>;
// texels
@group(0) @binding(11) var<storage, read> positions: array<vec4f>;
@group(0) @binding(12) var<uniform> params: Params;

var<workgroup> shared_sums: array<array<vec4f, 2>, LANES>;
var<workgroup> merged_sums: array<array<vec4f, 2>, MERGE_LANES>;

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

// Moments of the channels of a block.
struct Norm {
  mean: vec4f,
  istd: vec4f,
  scale: vec4f,
  shift: vec4f,
}

fn norm_of(block: u32) -> Norm {
  return Norm(
    moments[block],
    moments[params.blocks + block],
    moments[2u * params.blocks + block],
    moments[3u * params.blocks + block],
  );
}

// The gradient g before the activation, whose input came from `value`.
fn masked(g: vec4f, value: vec4f, at: u32, norm: Norm) -> vec4f {
  if (RECOMPUTE) {
    return select(vec4f(0.0), g, (value - norm.mean) * norm.scale + norm.shift > vec4f(0.0));
  }
  if (ACTIVATION != NONE) { return g * slope_at(output[at]); }
  return g;
}

@compute @workgroup_size(LANES)
fn sums(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let block = group.y;
  let norm = norm_of(block);
  let start = group.x % params.pixel_parts * params.span;
  let end = min(start + params.span, params.pixels);
  let first = group.x / params.pixel_parts * params.images;
  var sum = vec4f(0.0);
  var sum_normalised = vec4f(0.0);
  for (var n = first; n < min(first + params.images, params.batch); n++) {
    let channels = n * params.blocks + block;
    let base = channels * params.pixels;
    var p = start + lane;
    while (p + (TOGETHER - 1u) * LANES < end) {
      // unroll
      for (var i = 0u; i < TOGETHER; i++) {
        let value = x[base + p + i * LANES];
        let dz = gradient_at(channels, p + i * LANES);
        let g = masked(dz, value, base + p + i * LANES, norm);
        sum += g;
        sum_normalised += g * ((value - norm.mean) * norm.istd);
      }
      p += TOGETHER * LANES;
    }
    while (p < end) {
      let value = x[base + p];
      let g = masked(gradient_at(channels, p), value, base + p, norm);
      sum += g;
      sum_normalised += g * ((value - norm.mean) * norm.istd);
      p += LANES;
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
fn merge_sums(
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
fn normalize(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let block = group.y;
  let channels = group.z * params.blocks + block;
  let base = channels * params.pixels;
  let norm = norm_of(block);
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
    g = masked(g, value, at, norm);
    if (KEEP_MASKED) { dy_masked[at] = g; }
    dx[at] = norm.scale * (g - mean_g - (value - norm.mean) * norm.istd * mean_gx);
  }
}
