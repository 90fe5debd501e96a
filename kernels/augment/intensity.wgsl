// Changes of intensity, in place, of a batch of items of one channel:
// [batch][DEPTH][HEIGHT][WIDTH].
// Grid: chunks of pixels, 1, samples.

// Invocations of a workgroup, and pixels that it handles.
const LANES: u32 = 16u;
const CHUNK: u32 = 16u;
// Of an item; an image has one plane.
const DEPTH: u32 = 1u;
const HEIGHT: u32 = 8u;
const WIDTH: u32 = 8u;
// The first of an item's axes is z of a volume, y of an image.
const VOLUME: bool = true;

const PLANE: u32 = HEIGHT * WIDTH;
const PIXELS: u32 = DEPTH * PLANE;

// Vectors of one sample's polynomial: coefficients of the powers 0 to 3 of the third axis, for the
// exponents of the first two (0, 0), (0, 1), (0, 2), (0, 3), (1, 0), (1, 1), (1, 2), (2, 0),
// (2, 1), (3, 0); then 1 where the sample is changed.
const POLYNOMIAL: u32 = 11u;

// Of each sample; 0 leaves it.
@group(0) @binding(0) var<storage, read> exponents: array<f32>;
@group(0) @binding(1) var<storage, read> polynomials: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> y: array<f32>;

// y = sign(y) |y|^exponent.
@compute @workgroup_size(LANES)
fn gamma(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let exponent = exponents[group.z];
  if (exponent == 0.0) { return; }
  let end = min(group.x * CHUNK + CHUNK, PIXELS);
  for (var p = group.x * CHUNK + lane; p < end; p += LANES) {
    let v = y[group.z * PIXELS + p];
    y[group.z * PIXELS + p] = select(sign(v) * pow(abs(v), exponent), 0.0, v == 0.0);
  }
}

// Place along an axis in [-1, 1], 0 where the axis has one pixel.
fn centred(at: u32, extent: u32) -> f32 {
  return (2.0 * f32(at) - f32(extent - 1u)) / f32(max(extent, 2u) - 1u);
}

// y = y exp(sum of c_ijk a^i b^j c^k), a, b, c the places along the item's axes.
@compute @workgroup_size(LANES)
fn bias_field(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let record = group.z * POLYNOMIAL;
  if (polynomials[record + 10u].x == 0.0) { return; }
  let c00 = polynomials[record];
  let c01 = polynomials[record + 1u];
  let c02 = polynomials[record + 2u];
  let c03 = polynomials[record + 3u];
  let c10 = polynomials[record + 4u];
  let c11 = polynomials[record + 5u];
  let c12 = polynomials[record + 6u];
  let c20 = polynomials[record + 7u];
  let c21 = polynomials[record + 8u];
  let c30 = polynomials[record + 9u];
  let end = min(group.x * CHUNK + CHUNK, PIXELS);
  for (var p = group.x * CHUNK + lane; p < end; p += LANES) {
    let row = centred(p / WIDTH % HEIGHT, HEIGHT);
    let column = centred(p % WIDTH, WIDTH);
    var a = row;
    var b = column;
    var c = 0.0;
    if (VOLUME) {
      a = centred(p / PLANE, DEPTH);
      b = row;
      c = column;
    }
    let powers = vec4f(1.0, c, c * c, c * c * c);
    let constant = dot(c00, powers) +
      b * (dot(c01, powers) + b * (dot(c02, powers) + b * dot(c03, powers)));
    let linear = dot(c10, powers) + b * (dot(c11, powers) + b * dot(c12, powers));
    let square = dot(c20, powers) + b * dot(c21, powers);
    let log_field = constant + a * (linear + a * (square + a * dot(c30, powers)));
    let at = group.z * PIXELS + p;
    y[at] = y[at] * exp(log_field);
  }
}
