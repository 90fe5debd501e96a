// Least or largest value, or sum, of every sample: [batch][COUNT] floats -> [batch][PARTS], part i
// from the values i, i + PARTS, i + 2 PARTS, ... Several dispatches leave one value a sample.
// Grid: parts, 1, samples.

const LANES: u32 = 16u;
const COUNT: u32 = 64u;
const PARTS: u32 = 1u;
const LEAST: u32 = 0u;
const LARGEST: u32 = 1u;
const SUM: u32 = 2u;
const KIND: u32 = LEAST;

@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> y: array<f32>;

@compute @workgroup_size(LANES)
fn reduce(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let part = group.x * LANES + lane;
  if (part >= PARTS) { return; }
  let base = group.z * COUNT;
  var result = x[base + part];
  for (var at = part + PARTS; at < COUNT; at += PARTS) {
    if (KIND == LEAST) { result = min(result, x[base + at]); }
    if (KIND == LARGEST) { result = max(result, x[base + at]); }
    if (KIND == SUM) { result += x[base + at]; }
  }
  y[group.z * PARTS + part] = result;
}
