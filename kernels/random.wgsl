// Counter-based random numbers (Threefry-2x32, 20 rounds, as src/random.ts) and what uses them.
// A number is a function of (seed, stream; step, index) alone.

struct Params {
  // Number of the step, from 0, and the training's seed.
  step: u32,
  seed: u32,
}

// Invocations of a workgroup, and vectors that each handles.
const LANES: u32 = 16u;
const PER_LANE: u32 = 4u;
// Number of the stream, one for each use of random numbers.
const STREAM: u32 = 0u;
// Probability that an element is dropped, and what the others are multiplied by.
const DROPPED: f32 = 0.5;
const SCALE: f32 = 2.0;
// noise: vectors of one sample.
const SAMPLE: u32 = 16u;
// item_noise: pixels of an item, and pairs of these that a workgroup handles.
const PIXELS: u32 = 64u;
const CHUNK: u32 = 16u;

// Noise of an item of one channel; zeros leave it.
struct ItemNoise {
  mean: f32,
  deviation: f32,
  key: vec2u,
}

@group(0) @binding(0) var<storage, read> x: array<vec4f>;
@group(0) @binding(1) var<storage, read_write> y: array<vec4f>;
@group(0) @binding(2) var<storage, read> deviations: array<f32>;
@group(0) @binding(3) var<uniform> params: Params;
@group(0) @binding(4) var<storage, read> item_noises: array<ItemNoise>;
@group(0) @binding(5) var<storage, read_write> items: array<f32>;

fn rotate(v: u32, by: u32) -> u32 { return (v << by) | (v >> (32u - by)); }

fn rounds(state: vec2u, turns: vec4u) -> vec2u {
  var x0 = state.x + state.y;
  var x1 = rotate(state.y, turns.x) ^ x0;
  x0 += x1;
  x1 = rotate(x1, turns.y) ^ x0;
  x0 += x1;
  x1 = rotate(x1, turns.z) ^ x0;
  x0 += x1;
  x1 = rotate(x1, turns.w) ^ x0;
  return vec2u(x0, x1);
}

fn threefry(key: vec2u, counter: vec2u) -> vec2u {
  let key2 = 0x1bd11bdau ^ key.x ^ key.y;
  let odd = vec4u(13u, 15u, 26u, 6u);
  let even = vec4u(17u, 29u, 16u, 24u);
  var v = counter + key;
  v = rounds(v, odd) + vec2u(key.y, key2 + 1u);
  v = rounds(v, even) + vec2u(key2, key.x + 2u);
  v = rounds(v, odd) + vec2u(key.x, key.y + 3u);
  v = rounds(v, even) + vec2u(key.y, key2 + 4u);
  v = rounds(v, odd) + vec2u(key2, key.x + 5u);
  return v;
}

fn words_at(index: u32) -> vec2u {
  return threefry(vec2u(params.seed, STREAM), vec2u(params.step, index));
}

// Uniform in [0, 1) with 24 bits, exact.
fn uniform_of(word: u32) -> f32 { return f32(word >> 8u) * 5.9604644775390625e-8; }

// First vector of a workgroup, which handles LANES x PER_LANE.
fn first_vector(group: vec3u, groups: vec3u) -> u32 {
  return (group.y * groups.x + group.x) * LANES * PER_LANE;
}

// Zeroes elements with probability DROPPED and scales the rest; the gradient is the same map.
@compute @workgroup_size(LANES)
fn dropout(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let first = first_vector(group, groups);
  let end = min(first + LANES * PER_LANE, arrayLength(&y));
  for (var at = first + lane; at < end; at += LANES) {
    let index = at * 4u;
    let u = vec4f(
      uniform_of(words_at(index).x),
      uniform_of(words_at(index + 1u).x),
      uniform_of(words_at(index + 2u).x),
      uniform_of(words_at(index + 3u).x),
    );
    y[at] = select(vec4f(0.0), x[at] * SCALE, u >= vec4f(DROPPED));
  }
}

fn normals_of(w: vec2u) -> vec2f {
  // (w + 0.5) / 2^24 lies inside (0, 1), so the logarithm is finite.
  let radius = sqrt(-2.0 * log((f32(w.x >> 8u) + 0.5) * 5.9604644775390625e-8));
  let angle = 6.283185307179586 * uniform_of(w.y);
  return radius * vec2f(cos(angle), sin(angle));
}

// Adds Gaussian noise of each sample's own deviation. Only the first channel's number is drawn, and
// all channels take it: they repeat one slice.
@compute @workgroup_size(LANES)
fn noise(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let first = first_vector(group, groups);
  let end = min(first + LANES * PER_LANE, arrayLength(&y));
  for (var at = first + lane; at < end; at += LANES) {
    let deviation = deviations[at / SAMPLE];
    let change = normals_of(words_at(at)).x * deviation;
    y[at] = x[at] + select(vec4f(0.0), vec4f(change), deviation > 0.0);
  }
}

// Adds Gaussian noise to each item of [batch][PIXELS], in place: number q of the item's own key
// goes to the pixels 2 q and 2 q + 1. Grid: chunks of pairs, 1, samples.
@compute @workgroup_size(LANES)
fn item_noise(
  @builtin(workgroup_id) group: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let one = item_noises[group.z];
  if (one.mean == 0.0 && one.deviation == 0.0) { return; }
  let end = min(group.x * CHUNK + CHUNK, (PIXELS + 1u) / 2u);
  for (var q = group.x * CHUNK + lane; q < end; q += LANES) {
    let added = one.mean + one.deviation * normals_of(threefry(one.key, vec2u(0u, q)));
    let at = group.z * PIXELS + 2u * q;
    items[at] = items[at] + added.x;
    if (2u * q + 1u < PIXELS) { items[at + 1u] = items[at + 1u] + added.y; }
  }
}
