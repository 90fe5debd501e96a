// Least or largest value of every sample: [batch][COUNT] floats -> [batch][PARTS], part i from the
// values i, i + PARTS, i + 2 PARTS, ... Several dispatches leave one value a sample.
// Grid: parts, 1, samples.

const LANES: u32 = 16u;
const COUNT: u32 = 64u;
const PARTS: u32 = 1u;
const LARGEST: bool = false;

@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> y: array<f32>;

@compute @workgroup_size(LANES)
fn reduce(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let part = group.x * LANES + lane;
  if (part >= PARTS) { return; }
  let base = group.z * COUNT;
  var best = x[base + part];
  for (var at = part + PARTS; at < COUNT; at += PARTS) {
    if (LARGEST) { best = max(best, x[base + at]); } else { best = min(best, x[base + at]); }
  }
  y[group.z * PARTS + part] = best;
}
