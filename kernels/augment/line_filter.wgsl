// Circular convolution of the lines along one axis of [batch][DEPTH][HEIGHT][WIDTH] floats, each
// sample by its own axis and filter: y[i] = sum over j of c[(i - j) mod n] x[j]. It multiplies the
// Fourier transform of each line by that of c. An invocation computes sixteen values of a
// line. Grid: lines and parts of lines in two dimensions, samples.

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
const TILE: u32 = 16u;

// x by fours: software adapters read a texel in the time of a number.
// texels
@group(0) @binding(0) var<storage, read> fours: array<vec4f>;
@group(0) @binding(1) var<storage, read_write> y: array<f32>;
// [batch][WORDS]: 1 where the sample is changed; the axis, 0 to 2 for z, y, x; then c[k mod n] for
// k from 0 to 2 n + 15.
@group(0) @binding(2) var<storage, read> filters: array<f32>;

fn number(at: u32) -> f32 {
  let four = fours[at >> 2u];
  let pair = select(four.xy, four.zw, (at & 2u) == 2u);
  return select(pair.x, pair.y, (at & 1u) == 1u);
}

fn coefficients(at: u32) -> vec4f {
  return vec4f(filters[at], filters[at + 1u], filters[at + 2u], filters[at + 3u]);
}

// The first `count` of four values of a line, at most all.
fn store(first: u32, stride: u32, count: u32, values: vec4f) {
  for (var t = 0u; t < min(count, 4u); t++) {
    let at = first + t * stride;
    if (ACCUMULATE) { y[at] = y[at] + values[t]; } else { y[at] = values[t]; }
  }
}

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
        y[at] = number(at);
      }
    }
    return;
  }
  // c at first + t - j + n, t from 0 to 15, and the sums.
  var at_c = record + 2u + first + extent;
  var c0 = coefficients(at_c);
  var c1 = coefficients(at_c + 4u);
  var c2 = coefficients(at_c + 8u);
  var c3 = coefficients(at_c + 12u);
  var sum0 = vec4f(0.0);
  var sum1 = vec4f(0.0);
  var sum2 = vec4f(0.0);
  var sum3 = vec4f(0.0);
  for (var j = 0u; j < extent; j++) {
    let v = number(start + j * stride);
    sum0 += v * c0;
    sum1 += v * c1;
    sum2 += v * c2;
    sum3 += v * c3;
    at_c -= 1u;
    c3 = vec4f(c2.w, c3.xyz);
    c2 = vec4f(c1.w, c2.xyz);
    c1 = vec4f(c0.w, c1.xyz);
    c0 = vec4f(filters[at_c], c0.xyz);
  }
  store(start + first * stride, stride, count, sum0);
  store(start + (first + 4u) * stride, stride, max(count, 4u) - 4u, sum1);
  store(start + (first + 8u) * stride, stride, max(count, 8u) - 8u, sum2);
  store(start + (first + 12u) * stride, stride, max(count, 12u) - 12u, sum3);
}
