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
// Lines along x start at multiples of four.
const ALIGNED: bool = WIDTH % 4u == 0u;
// Filters x - base instead, and adds that to base, or to y.
const BASED: bool = false;
// Adds to y; a sample that is left then stays.
const ACCUMULATE: bool = false;

const PLANE: u32 = HEIGHT * WIDTH;
const PIXELS: u32 = DEPTH * PLANE;
const TILE: u32 = 16u;

// x by fours: software adapters read a texel in the time of a number.
// texels
@group(0) @binding(0) var<storage, read> fours: array<vec4f>;
@group(0) @binding(1) var<storage, read_write> y: array<f32>;
// [batch][WORDS / 4]: 1 where the sample is changed and the axis, 0 to 2 for z, y, x; then
// c[(k - m) mod n] for k from 0 to 2 m + 15, m the next multiple of four.
// texels
@group(0) @binding(2) var<storage, read> filters: array<vec4f>;
// texels
@group(0) @binding(3) var<storage, read> base: array<vec4f>;

fn four(index: u32) -> vec4f {
  if (BASED) { return fours[index] - base[index]; }
  return fours[index];
}

fn part(four: vec4f, at: u32) -> f32 {
  let pair = select(four.xy, four.zw, (at & 2u) == 2u);
  return select(pair.x, pair.y, (at & 1u) == 1u);
}

fn number(at: u32) -> f32 {
  return part(four(at >> 2u), at);
}

// Values j to j + 3 of a line; 0 behind its end.
fn next_four(start: u32, j: u32, stride: u32, extent: u32) -> vec4f {
  if (ALIGNED && stride == 1u) { return four((start + j) >> 2u); }
  let last = extent - 1u;
  let values = vec4f(
    number(start + j * stride),
    number(start + min(j + 1u, last) * stride),
    number(start + min(j + 2u, last) * stride),
    number(start + min(j + 3u, last) * stride),
  );
  return select(vec4f(0.0), values, vec4u(j, j + 1u, j + 2u, j + 3u) < vec4u(extent));
}

// The first `count` of four values of a line, at most all.
fn store(first: u32, stride: u32, count: u32, values: vec4f) {
  for (var t = 0u; t < min(count, 4u); t++) {
    let at = first + t * stride;
    var v = values[t];
    if (ACCUMULATE) {
      v += y[at];
    } else {
      if (BASED) { v += part(base[at >> 2u], at); }
    }
    y[at] = v;
  }
}

@compute @workgroup_size(LANES)
fn convolve(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let record = group.z * WORDS;
  let header = filters[record / 4u];
  let applied = header.x == 1.0;
  let axis = min(u32(header.y), 2u);
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
        if (BASED) { y[at] = part(base[at >> 2u], at); } else { y[at] = number(at); }
      }
    }
    return;
  }
  // c at first + t - j + n, t from 0 to 15, those of the next four j, and the sums.
  var at_c = record / 4u + 1u + (first + (extent + 3u) / 4u * 4u) / 4u;
  var c0 = filters[at_c];
  var c1 = filters[at_c + 1u];
  var c2 = filters[at_c + 2u];
  var c3 = filters[at_c + 3u];
  var sum0 = vec4f(0.0);
  var sum1 = vec4f(0.0);
  var sum2 = vec4f(0.0);
  var sum3 = vec4f(0.0);
  for (var j = 0u; j < extent; j += 4u) {
    at_c -= 1u;
    let before = filters[at_c];
    let v = next_four(start, j, stride, extent);
    sum0 += v.x * c0;
    sum1 += v.x * c1;
    sum2 += v.x * c2;
    sum3 += v.x * c3;
    sum0 += v.y * vec4f(before.w, c0.xyz);
    sum1 += v.y * vec4f(c0.w, c1.xyz);
    sum2 += v.y * vec4f(c1.w, c2.xyz);
    sum3 += v.y * vec4f(c2.w, c3.xyz);
    sum0 += v.z * vec4f(before.zw, c0.xy);
    sum1 += v.z * vec4f(c0.zw, c1.xy);
    sum2 += v.z * vec4f(c1.zw, c2.xy);
    sum3 += v.z * vec4f(c2.zw, c3.xy);
    sum0 += v.w * vec4f(before.yzw, c0.x);
    sum1 += v.w * vec4f(c0.yzw, c1.x);
    sum2 += v.w * vec4f(c1.yzw, c2.x);
    sum3 += v.w * vec4f(c2.yzw, c3.x);
    c3 = c2;
    c2 = c1;
    c1 = c0;
    c0 = before;
  }
  store(start + first * stride, stride, count, sum0);
  store(start + (first + 4u) * stride, stride, max(count, 4u) - 4u, sum1);
  store(start + (first + 8u) * stride, stride, max(count, 8u) - 8u, sum2);
  store(start + (first + 12u) * stride, stride, max(count, 12u) - 12u, sum3);
}
