// Elementwise functions over vec4f, whatever the layout.

// Invocations of a workgroup, and vectors that each handles.
const LANES: u32 = 16u;
const PER_LANE: u32 = 4u;
const NONE: u32 = 0u;
const RELU: u32 = 1u;
const ELU: u32 = 2u;
const LEAKY_RELU: u32 = 3u;
const SIGMOID: u32 = 4u;
const TANH: u32 = 5u;
const ACTIVATION: u32 = RELU;
// Of LEAKY_RELU below zero.
const SLOPE: f32 = 0.01;

// texels
@group(0) @binding(0) var<storage, read> x: array<vec4f>;
// texels
@group(0) @binding(1) var<storage, read_write> y: array<vec4f>;
// texels
@group(0) @binding(2) var<storage, read> output: array<vec4f>;
// texels
@group(0) @binding(3) var<storage, read> dy: array<vec4f>;
@group(0) @binding(4) var<storage, read_write> dx: array<vec4f>;

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

// First vector of a workgroup, which handles LANES x PER_LANE.
fn first_vector(group: vec3u, groups: vec3u) -> u32 {
  return (group.y * groups.x + group.x) * LANES * PER_LANE;
}

@compute @workgroup_size(LANES)
fn forward(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let first = first_vector(group, groups);
  let end = min(first + LANES * PER_LANE, arrayLength(&y));
  for (var at = first + lane; at < end; at += LANES) { y[at] = activate(x[at]); }
}

@compute @workgroup_size(LANES)
fn backward(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let first = first_vector(group, groups);
  let end = min(first + LANES * PER_LANE, arrayLength(&dx));
  for (var at = first + lane; at < end; at += LANES) { dx[at] = dy[at] * slope_at(output[at]); }
}

@compute @workgroup_size(LANES)
fn add(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let first = first_vector(group, groups);
  let end = min(first + LANES * PER_LANE, arrayLength(&y));
  for (var at = first + lane; at < end; at += LANES) { y[at] = y[at] + x[at]; }
}
