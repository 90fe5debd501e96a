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

// Order of a polynomial beyond the third, and floats of its record.
const ORDER: u32 = 4u;
const COEFFICIENTS: u32 = (ORDER + 1u) * (ORDER + 2u) * (ORDER + 3u) / 6u + 1u;

// Vectors of one sample's polynomial up to the third order: coefficients of the powers 0 to 3 of
// the third axis, for the exponents of the first two (0, 0), (0, 1), (0, 2), (0, 3), (1, 0),
// (1, 1), (1, 2), (2, 0), (2, 1), (3, 0); then 1 where the sample is changed.
const POLYNOMIAL: u32 = 11u;

// Of each sample; 0 leaves it.
@group(0) @binding(0) var<storage, read> exponents: array<f32>;
@group(0) @binding(1) var<storage, read> polynomials: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> y: array<f32>;
// [batch][COEFFICIENTS]: c_ijk of a polynomial of any order, i the slowest and k the fastest, each
// from its highest; then 1 where the sample is changed.
@group(0) @binding(3) var<storage, read> coefficients: array<f32>;
// [batch][DEPTH * HEIGHT][ORDER + 1]: the polynomial in x of each row, the highest power first.
@group(0) @binding(4) var<storage, read> rows_in: array<f32>;
@group(0) @binding(5) var<storage, read_write> rows_out: array<f32>;

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

// The polynomial along x of each row, an invocation each: of images, whose third axis has one pixel
// in the middle, by the terms without c. Grid: rows, 1, samples.
@compute @workgroup_size(LANES)
fn bias_rows(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let row = group.x * LANES + lane;
  if (row >= DEPTH * HEIGHT) { return; }
  let to = (group.z * DEPTH * HEIGHT + row) * (ORDER + 1u);
  let y_place = centred(row % HEIGHT, HEIGHT);
  let a = select(y_place, centred(row / HEIGHT, DEPTH), VOLUME);
  for (var power = 0u; power <= ORDER; power++) { rows_out[to + power] = 0.0; }
  var at = group.z * COEFFICIENTS;
  for (var i = ORDER + 1u; i > 0u; i--) {
    let left = ORDER + 1u - i;
    // Times a, from the term of a^i to that of a^(i - 1).
    for (var power = 0u; power <= ORDER; power++) {
      rows_out[to + power] = rows_out[to + power] * a;
    }
    for (var j = left + 1u; j > 0u; j--) {
      var of_b = 1.0;
      for (var power = 1u; power < j; power++) { of_b *= y_place; }
      for (var k = left + 2u - j; k > 0u; k--) {
        if (VOLUME) {
          let power = to + ORDER + 1u - k;
          rows_out[power] = rows_out[power] + coefficients[at] * of_b;
        } else {
          let power = to + ORDER + 1u - j;
          if (k == 1u) { rows_out[power] = rows_out[power] + coefficients[at]; }
        }
        at++;
      }
    }
  }
}

// y = y exp(the polynomial of its row).
@compute @workgroup_size(LANES)
fn bias_field_of_rows(
  @builtin(workgroup_id) group: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  if (coefficients[group.z * COEFFICIENTS + COEFFICIENTS - 1u] == 0.0) { return; }
  let end = min(group.x * CHUNK + CHUNK, PIXELS);
  for (var p = group.x * CHUNK + lane; p < end; p += LANES) {
    let column = centred(p % WIDTH, WIDTH);
    let first = (group.z * DEPTH * HEIGHT + p / WIDTH) * (ORDER + 1u);
    var log_field = 0.0;
    for (var power = first; power <= first + ORDER; power++) {
      log_field = log_field * column + rows_in[power];
    }
    let at = group.z * PIXELS + p;
    y[at] = y[at] * exp(log_field);
  }
}
