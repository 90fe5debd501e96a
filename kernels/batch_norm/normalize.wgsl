// y = f((x - mean) scale + shift), of activations [N][blocks][pixels] vec4f: four channels of a
// pixel.

// A layer's shape, so that layers share pipelines.
struct Params {
  // Blocks of four channels.
  blocks: u32,
  // Of one channel of an image: depth x height x width.
  pixels: u32,
  // Pixels that one workgroup handles: a multiple of LANES.
  chunk: u32,
}

// Invocations of a workgroup.
const LANES: u32 = 16u;
const NONE: u32 = 0u;
const RELU: u32 = 1u;
const ELU: u32 = 2u;
const LEAKY_RELU: u32 = 3u;
const SIGMOID: u32 = 4u;
const TANH: u32 = 5u;
const ACTIVATION: u32 = RELU;
// Of LEAKY_RELU below zero.
const SLOPE: f32 = 0.01;
// Adds a second tensor before the activation; it is normalised first when NORMALISED.
const RESIDUAL: bool = false;
const NORMALISED: bool = false;

// texels
@group(0) @binding(0) var<storage, read> x: array<vec4f>;
// [4][blocks]: mean, 1 / standard deviation, gamma / standard deviation, beta
// texels
@group(0) @binding(1) var<storage, read> moments: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> y: array<vec4f>;
// texels
@group(0) @binding(3) var<storage, read> residual: array<vec4f>;
// texels
@group(0) @binding(4) var<storage, read> residual_moments: array<vec4f>;
@group(0) @binding(5) var<uniform> params: Params;

// Comparisons are written so that NaN goes through instead of becoming zero.
fn activate(v: vec4f) -> vec4f {
  if (ACTIVATION == RELU) { return select(v, vec4f(0.0), v <= vec4f(0.0)); }
  if (ACTIVATION == ELU) { return select(v, exp(v) - vec4f(1.0), v <= vec4f(0.0)); }
  if (ACTIVATION == LEAKY_RELU) { return select(v, v * SLOPE, v <= vec4f(0.0)); }
  if (ACTIVATION == SIGMOID) { return vec4f(1.0) / (vec4f(1.0) + exp(-v)); }
  if (ACTIVATION == TANH) { return tanh(v); }
  return v;
}

@compute @workgroup_size(LANES)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let block = group.y;
  let base = (group.z * params.blocks + block) * params.pixels;
  let mean = moments[block];
  let scale = moments[2u * params.blocks + block];
  let shift = moments[3u * params.blocks + block];
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
