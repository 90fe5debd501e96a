// Grad-CAM: a feature map [N][BLOCKS][PIXELS] vec4f, each channel weighed by the mean of its
// gradient, to one map an item at the size of the network's input. add_planes -> weigh -> combine
// -> upsample; what one pass leaves for the next is NAME_out in the one and NAME_in in the other.

// Invocations of a workgroup, each with one element of the output.
const LANES: u32 = 16u;
// Of the feature map; an image has one plane.
const CHANNELS: u32 = 4u;
const DEPTH: u32 = 1u;
const HEIGHT: u32 = 4u;
const WIDTH: u32 = 4u;
// Of the result.
const OUT_DEPTH: u32 = 1u;
const OUT_HEIGHT: u32 = 8u;
const OUT_WIDTH: u32 = 8u;

const BLOCKS: u32 = (CHANNELS + 3u) / 4u;
const PLANE: u32 = HEIGHT * WIDTH;
const PIXELS: u32 = DEPTH * PLANE;
const OUT_PLANE: u32 = OUT_HEIGHT * OUT_WIDTH;
const OUT_PIXELS: u32 = OUT_DEPTH * OUT_PLANE;

// texels
@group(0) @binding(0) var<storage, read> gradient: array<vec4f>;
// [batch][BLOCKS][DEPTH]
@group(0) @binding(1) var<storage, read_write> sums_out: array<vec4f>;
@group(0) @binding(2) var<storage, read> sums_in: array<vec4f>;
// [batch][BLOCKS]
@group(0) @binding(3) var<storage, read_write> weights_out: array<vec4f>;
// texels
@group(0) @binding(4) var<storage, read> features: array<vec4f>;
@group(0) @binding(5) var<storage, read> weights_in: array<vec4f>;
// [batch][PIXELS]
@group(0) @binding(6) var<storage, read_write> map_out: array<f32>;
@group(0) @binding(7) var<storage, read> map_in: array<f32>;
// [batch][OUT_PIXELS]
@group(0) @binding(8) var<storage, read_write> y: array<f32>;

fn index(group: vec3u, groups: vec3u, lane: u32) -> u32 {
  return (group.y * groups.x + group.x) * LANES + lane;
}

// Sums of planes first: a volume has too many voxels for one sum in float32.
@compute @workgroup_size(LANES)
fn add_planes(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let at = index(group, groups, lane);
  if (at >= arrayLength(&sums_out)) { return; }
  var sum = vec4f(0.0);
  for (var p = 0u; p < PLANE; p++) { sum += gradient[at * PLANE + p]; }
  sums_out[at] = sum;
}

@compute @workgroup_size(LANES)
fn weigh(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let at = index(group, groups, lane);
  if (at >= arrayLength(&weights_out)) { return; }
  var sum = vec4f(0.0);
  for (var z = 0u; z < DEPTH; z++) { sum += sums_in[at * DEPTH + z]; }
  weights_out[at] = sum / f32(PIXELS);
}

@compute @workgroup_size(LANES)
fn combine(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let at = index(group, groups, lane);
  if (at >= arrayLength(&map_out)) { return; }
  let first = at / PIXELS * BLOCKS;
  let pixel = at % PIXELS;
  var sum = vec4f(0.0);
  for (var b = 0u; b < BLOCKS; b++) {
    sum += weights_in[first + b] * features[(first + b) * PIXELS + pixel];
  }
  let total = (sum.x + sum.y) + (sum.z + sum.w);
  // NaN goes through.
  map_out[at] = select(total, 0.0, total <= 0.0);
}

// Place between the pixels of a side, whose centres are at half-integers, as PyTorch's
// `interpolate` with `mode="bilinear"`, or "trilinear" of volumes, and `align_corners=False`.
fn source(at: u32, size: u32, out_size: u32) -> f32 {
  return max((f32(at) + 0.5) * f32(size) / f32(out_size) - 0.5, 0.0);
}

// Value between the pixels of the plane that starts at `base`.
fn value_between(base: u32, row: f32, column: f32) -> f32 {
  let top = u32(row);
  let left = u32(column);
  let below = min(top + 1u, HEIGHT - 1u);
  let right = min(left + 1u, WIDTH - 1u);
  let down = row - f32(top);
  let across = column - f32(left);
  let upper = map_in[base + top * WIDTH + left] * (1.0 - across) +
    map_in[base + top * WIDTH + right] * across;
  let lower = map_in[base + below * WIDTH + left] * (1.0 - across) +
    map_in[base + below * WIDTH + right] * across;
  return upper * (1.0 - down) + lower * down;
}

@compute @workgroup_size(LANES)
fn upsample(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let at = index(group, groups, lane);
  if (at >= arrayLength(&y)) { return; }
  let base = at / OUT_PIXELS * PIXELS;
  let plane = source(at % OUT_PIXELS / OUT_PLANE, DEPTH, OUT_DEPTH);
  let row = source(at % OUT_PLANE / OUT_WIDTH, HEIGHT, OUT_HEIGHT);
  let column = source(at % OUT_WIDTH, WIDTH, OUT_WIDTH);
  let front = u32(plane);
  var value = value_between(base + front * PLANE, row, column);
  if (DEPTH > 1u) {
    let behind = min(front + 1u, DEPTH - 1u);
    let inward = plane - f32(front);
    value = value * (1.0 - inward) + value_between(base + behind * PLANE, row, column) * inward;
  }
  y[at] = value;
}
