// Elementwise functions over vec4f, whatever the layout.

const LANES: u32 = 16u;
// Vectors that one invocation handles.
const PER_LANE: u32 = 4u;
// 0 none, 1 ReLU, 2 ELU, 3 LeakyReLU, 4 sigmoid, 5 tanh
const ACTIVATION: u32 = 1u;
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
  if (ACTIVATION == 1u) { return select(v, vec4f(0.0), v <= vec4f(0.0)); }
  if (ACTIVATION == 2u) { return select(v, exp(v) - vec4f(1.0), v <= vec4f(0.0)); }
  if (ACTIVATION == 3u) { return select(v, v * SLOPE, v <= vec4f(0.0)); }
  if (ACTIVATION == 4u) { return vec4f(1.0) / (vec4f(1.0) + exp(-v)); }
  if (ACTIVATION == 5u) { return tanh(v); }
  return v;
}

// Derivative of the activation, from its output.
fn slope_at(z: vec4f) -> vec4f {
  if (ACTIVATION == 1u) { return select(vec4f(0.0), vec4f(1.0), z > vec4f(0.0)); }
  if (ACTIVATION == 2u) { return select(z + vec4f(1.0), vec4f(1.0), z > vec4f(0.0)); }
  if (ACTIVATION == 3u) { return select(vec4f(SLOPE), vec4f(1.0), z > vec4f(0.0)); }
  if (ACTIVATION == 4u) { return z * (vec4f(1.0) - z); }
  if (ACTIVATION == 5u) { return vec4f(1.0) - z * z; }
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
