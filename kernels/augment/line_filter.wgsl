// Circular convolution of the lines along one axis of [batch][DEPTH][HEIGHT][WIDTH] floats, each
// sample by its own axis and filter: y[i] = sum over j of c[(i - j) mod n] x[j]. It multiplies the
// Fourier transform of each line by that of c. An invocation computes eight values of a line.
// Grid: lines and eighths of lines in two dimensions, samples.

const LANES: u32 = 16u;
// Of an item; an image has one plane.
const DEPTH: u32 = 1u;
const HEIGHT: u32 = 8u;
const WIDTH: u32 = 8u;
// Floats of a sample's record.
const WORDS: u32 = 32u;
// Adds to y; a sample that is left then stays.
const ACCUMULATE: bool = false;

const PLANE: u32 = HEIGHT * WIDTH;
const PIXELS: u32 = DEPTH * PLANE;
const TILE: u32 = 8u;

@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> y: array<f32>;
// [batch][WORDS]: 1 where the sample is changed; the axis, 0 to 2 for z, y, x; then c[k mod n] for
// k from 0 to 2 n + 7.
@group(0) @binding(2) var<storage, read> filters: array<f32>;

@compute @workgroup_size(LANES)
fn convolve(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let record = group.z * WORDS;
  let applied = filters[record] == 1.0;
  let axis = min(u32(filters[record + 1u]), 2u);
  let extent = vec3u(DEPTH, HEIGHT, WIDTH)[axis];
  let stride = vec3u(PLANE, WIDTH, 1u)[axis];
  let lines = PIXELS / extent;
  let item = (group.y * groups.x + group.x) * LANES + lane;
  let line = item % lines;
  let first = item / lines * TILE;
  if (first >= extent) { return; }
  let start = group.z * PIXELS + line / stride * stride * extent + line % stride;
  let count = min(TILE, extent - first);
  if (!applied) {
    if (!ACCUMULATE) {
      for (var t = 0u; t < count; t++) {
        let at = start + (first + t) * stride;
        y[at] = x[at];
      }
    }
    return;
  }
  // c at first + t - j + n, t from 0 to 7, and the sums.
  var at_c = record + 2u + first + extent;
  var low = vec4f(filters[at_c], filters[at_c + 1u], filters[at_c + 2u], filters[at_c + 3u]);
  var high = vec4f(filters[at_c + 4u], filters[at_c + 5u], filters[at_c + 6u], filters[at_c + 7u]);
  var low_sum = vec4f(0.0);
  var high_sum = vec4f(0.0);
  for (var j = 0u; j < extent; j++) {
    let v = x[start + j * stride];
    low_sum += v * low;
    high_sum += v * high;
    at_c -= 1u;
    high = vec4f(low.w, high.xyz);
    low = vec4f(filters[at_c], low.xyz);
  }
  for (var t = 0u; t < count; t++) {
    let at = start + (first + t) * stride;
    let sum = select(high_sum[t & 3u], low_sum[t & 3u], t < 4u);
    if (ACCUMULATE) { y[at] = y[at] + sum; } else { y[at] = sum; }
  }
}
