// The discrete Fourier transform of [batch][PIXELS] along each axis, in passes of Stockham's
// algorithm (Van Loan, "Computational frameworks for the fast Fourier transform", 1992, 1.7) for
// any length: the product of the passes' radices. A large prime factor is a pass of that radix. And
// spikes in the spectrum.
// Grid of the passes: chunks of butterflies, 1, samples; of the others: chunks of pixels, 1,
// samples.

// Invocations of a workgroup, and pixels, or butterflies, that it handles.
const LANES: u32 = 16u;
const CHUNK: u32 = 16u;
const PIXELS: u32 = 64u;
// Of an item; an image has one plane.
const DEPTH: u32 = 1u;
const HEIGHT: u32 = 8u;
const WIDTH: u32 = 8u;
// Passes: complex numbers of a sample, along the axis, from one to the next; the pass's radix, the
// product of those before it.
const POINTS: u32 = 64u;
const EXTENT: u32 = 8u;
const STRIDE: u32 = 1u;
const RADIX: u32 = 8u;
const DONE: u32 = 1u;
const ONE: u32 = 1u;
// Pairs of inputs r and RADIX - r; an even radix has one input without a partner besides the first.
const PAIRS: u32 = (RADIX - 1u) / 2u;
const EVEN: bool = true;
const TILE: u32 = 4u;
// The first pass of all reads the pixels.
const FIRST: bool = false;
// Whether two neighbours along an axis, 0 to 2 for z, y, x, are the parts of one complex number,
// and its pixels from one to the next.
const PACKED: bool = false;
const PACKED_AXIS: u32 = 2u;
const PACKED_STRIDE: u32 = 1u;
// unpack writes the spectrum, not magnitudes; strike adds to it.
const KEPT: bool = false;
// Samples without negative values are left out: their largest magnitude is their sum, as strike
// takes it.
const SUMMED: bool = false;
// strike: which spike, of at most so many.
const SPIKE: u32 = 0u;
const SPIKES: u32 = 1u;

const TURN: f32 = 6.283185307179586;
const PLANE: u32 = HEIGHT * WIDTH;

// A spike in the spectrum.
struct Spike {
  // Its frequency along z, y, x, from 0 to n - 1.
  z: u32,
  y: u32,
  x: u32,
  // Its height in terms of the largest magnitude; 0 where the sample has no such spike.
  intensity: f32,
}

@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read> spectrum_in: array<vec2f>;
@group(0) @binding(2) var<storage, read_write> spectrum_out: array<vec2f>;
// (cos, -sin) of k / n turns, n the extent of the axis; in unpack that of the packed axis in
// pixels.
@group(0) @binding(3) var<storage, read> turns: array<vec2f>;
@group(0) @binding(4) var<storage, read_write> y: array<f32>;
// [batch]: largest squared magnitude of each spectrum.
@group(0) @binding(5) var<storage, read> largest: array<f32>;
// [batch][SPIKES]
@group(0) @binding(6) var<storage, read> spikes: array<Spike>;
@group(0) @binding(7) var<storage, read> heights_in: array<f32>;
@group(0) @binding(8) var<storage, read_write> heights_out: array<f32>;
// [batch]: least value and sum of each sample.
@group(0) @binding(9) var<storage, read> least: array<f32>;
@group(0) @binding(10) var<storage, read> sums: array<f32>;

// A number times e^(-i angle), of (cos, -sin) of the angle.
fn turned(v: vec2f, turn: vec2f) -> vec2f {
  return vec2f(v.x * turn.x - v.y * turn.y, v.x * turn.y + v.y * turn.x);
}

// Point p of a sample: of the first pass, two neighbours along the packed axis as one number.
fn point(sample: u32, p: u32) -> vec2f {
  if (FIRST) {
    let at = sample * PIXELS;
    if (PACKED) {
      let pixel = at + 2u * (p / PACKED_STRIDE) * PACKED_STRIDE + p % PACKED_STRIDE;
      return vec2f(x[pixel], x[pixel + PACKED_STRIDE]);
    } else {
      return vec2f(x[at + p], 0.0);
    }
  } else {
    return spectrum_in[sample * POINTS + p];
  }
}

// Where a group of RADIX points along the axis comes from and goes to: inputs are EXTENT /
// RADIX apart, outputs DONE.
struct Butterfly {
  source: u32,
  goal: u32,
  // Turns of input r are r times this.
  turn: u32,
}

fn butterfly(index: u32) -> Butterfly {
  let step = EXTENT / RADIX;
  let start = index / STRIDE % step;
  let line = index / STRIDE / step * EXTENT * STRIDE + index % STRIDE;
  let done = start % DONE;
  return Butterfly(
    line + start * STRIDE,
    line + (start / DONE * DONE * RADIX + done) * STRIDE,
    done * (EXTENT / (DONE * RADIX)),
  );
}

fn input(sample: u32, place: Butterfly, r: u32) -> vec2f {
  let v = point(sample, place.source + r * (EXTENT / RADIX) * STRIDE);
  if (DONE == ONE) { return v; }
  return turned(v, turns[r * place.turn]);
}

// Outputs q and RADIX - q of a butterfly share their sums: of inputs r and RADIX - r with the
// cosines, of their differences with the sines.
@compute @workgroup_size(LANES)
fn small_radix(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  if (SUMMED) {
    if (least[group.z] >= 0.0) { return; }
  }
  let base = group.z * POINTS;
  let end = min(group.x * CHUNK + CHUNK, POINTS / RADIX);
  for (var index = group.x * CHUNK + lane; index < end; index += LANES) {
    let place = butterfly(index);
    // registers
    var v: array<vec2f, RADIX>;
    // unroll
    for (var r = 0u; r < RADIX; r++) { v[r] = input(group.z, place, r); }
    // unroll
    for (var r = 1u; r <= PAIRS; r++) {
      let sum = v[r] + v[RADIX - r];
      v[RADIX - r] = v[r] - v[RADIX - r];
      v[r] = sum;
    }
    let to = base + place.goal;
    var all = v[0];
    // unroll
    for (var r = 1u; r <= PAIRS; r++) { all += v[r]; }
    if (EVEN) { all += v[RADIX / 2u]; }
    spectrum_out[to] = all;
    // unroll
    for (var q = 1u; q <= PAIRS; q++) {
      var even = v[0];
      var odd = vec2f(0.0);
      // unroll
      for (var r = 1u; r <= PAIRS; r++) {
        even += v[r] * cos(TURN / f32(RADIX) * f32(r * q % RADIX));
        odd += v[RADIX - r] * sin(TURN / f32(RADIX) * f32(r * q % RADIX));
      }
      if (EVEN) { even += v[RADIX / 2u] * (1.0 - 2.0 * f32(q % 2u)); }
      spectrum_out[to + q * DONE * STRIDE] = even + vec2f(odd.y, -odd.x);
      spectrum_out[to + (RADIX - q) * DONE * STRIDE] = even - vec2f(odd.y, -odd.x);
    }
    if (EVEN) {
      var middle = v[0];
      // unroll
      for (var r = 1u; r <= PAIRS; r++) { middle += v[r] * (1.0 - 2.0 * f32(r % 2u)); }
      spectrum_out[to + RADIX / 2u * DONE * STRIDE] = middle +
        v[RADIX / 2u] * (1.0 - 2.0 * f32(RADIX / 2u % 2u));
    }
  }
}

// Likewise of a prime beyond registers: an invocation computes TILE pairs of outputs.
@compute @workgroup_size(LANES)
fn large_prime(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  if (SUMMED) {
    if (least[group.z] >= 0.0) { return; }
  }
  let base = group.z * POINTS;
  let lines = POINTS / RADIX;
  let end = min(group.x * CHUNK + CHUNK, lines * ((PAIRS + TILE - 1u) / TILE));
  for (var index = group.x * CHUNK + lane; index < end; index += LANES) {
    let place = butterfly(index % lines);
    let first = index / lines * TILE + 1u;
    let v = input(group.z, place, 0u);
    var all = v;
    // registers
    var even: array<vec2f, TILE>;
    // registers
    var odd: array<vec2f, TILE>;
    // registers
    var angle: array<u32, TILE>;
    // unroll
    for (var t = 0u; t < TILE; t++) {
      even[t] = v;
      odd[t] = vec2f(0.0);
      angle[t] = 0u;
    }
    for (var r = 1u; r <= PAIRS; r++) {
      let one = input(group.z, place, r);
      let other = input(group.z, place, RADIX - r);
      all += one + other;
      // unroll
      for (var t = 0u; t < TILE; t++) {
        angle[t] = angle[t] + first + t;
        angle[t] = select(angle[t], angle[t] - RADIX, angle[t] >= RADIX);
        let turn = turns[angle[t] * (EXTENT / RADIX)];
        even[t] = even[t] + (one + other) * turn.x;
        odd[t] = odd[t] - (one - other) * turn.y;
      }
    }
    let to = base + place.goal;
    if (first == 1u) { spectrum_out[to] = all; }
    // unroll
    for (var t = 0u; t < TILE; t++) {
      if (first + t <= PAIRS) {
        let q = first + t;
        spectrum_out[to + q * DONE * STRIDE] = even[t] + vec2f(odd[t].y, -odd[t].x);
        spectrum_out[to + (RADIX - q) * DONE * STRIDE] = even[t] - vec2f(odd[t].y, -odd[t].x);
      }
    }
  }
}

// Frequencies k and k + n / 2 along the packed axis of n pixels from those of the packed numbers
// (Press et al., "Numerical recipes", 3rd ed., 12.3): writes both, or the larger squared magnitude.
@compute @workgroup_size(LANES)
fn unpack(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  if (SUMMED) {
    if (least[group.z] >= 0.0) { return; }
  }
  // Of the packed points.
  let size = vec3u(DEPTH, HEIGHT, WIDTH);
  let plane = HEIGHT * WIDTH;
  let base = group.z * POINTS;
  let end = min(group.x * CHUNK + CHUNK, POINTS);
  for (var p = group.x * CHUNK + lane; p < end; p += LANES) {
    let k = vec3u(p / plane, p / WIDTH % HEIGHT, p % WIDTH);
    let mirrored = (size - k) % size;
    let v = spectrum_in[base + p];
    let m = spectrum_in[base + mirrored.x * plane + mirrored.y * WIDTH + mirrored.z];
    let of_even = 0.5 * vec2f(v.x + m.x, v.y - m.y);
    let of_odd = turned(0.5 * vec2f(v.y + m.y, m.x - v.x), turns[k[PACKED_AXIS]]);
    if (KEPT) {
      let half = size[PACKED_AXIS] * PACKED_STRIDE;
      let at = 2u * base + p / half * 2u * half + p % half;
      spectrum_out[at] = of_even + of_odd;
      spectrum_out[at + half] = of_even - of_odd;
    } else {
      let near = of_even + of_odd;
      let far = of_even - of_odd;
      y[base + p] = max(dot(near, near), dot(far, far));
    }
  }
}

// y = squared magnitudes.
@compute @workgroup_size(LANES)
fn magnitudes(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  if (SUMMED) {
    if (least[group.z] >= 0.0) { return; }
  }
  let base = group.z * PIXELS;
  let end = min(group.x * CHUNK + CHUNK, PIXELS);
  for (var p = group.x * CHUNK + lane; p < end; p += LANES) {
    let v = spectrum_in[base + p];
    y[base + p] = dot(v, v);
  }
}

// Adds the spike to the spectrum, and notes its height. One invocation a sample.
@compute @workgroup_size(1)
fn strike(@builtin(workgroup_id) group: vec3u) {
  let spike = spikes[group.z * SPIKES + SPIKE];
  var magnitude = sqrt(largest[group.z]);
  if (SUMMED) {
    if (least[group.z] >= 0.0) { magnitude = sums[group.z]; }
  }
  let height = spike.intensity * magnitude;
  heights_out[group.z * SPIKES + SPIKE] = height;
  if (KEPT) {
    let at = group.z * PIXELS + min(spike.z * PLANE + spike.y * WIDTH + spike.x, PIXELS - 1u);
    spectrum_out[at] = spectrum_out[at] + vec2f(height, 0.0);
  }
}

// y = x + the real part of the spikes' inverse transform, waves of height / pixels.
@compute @workgroup_size(LANES)
fn add_waves(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let base = group.z * PIXELS;
  let end = min(group.x * CHUNK + CHUNK, PIXELS);
  for (var p = group.x * CHUNK + lane; p < end; p += LANES) {
    let place = vec3u(p / PLANE, p / WIDTH % HEIGHT, p % WIDTH);
    let size = vec3u(DEPTH, HEIGHT, WIDTH);
    var v = x[base + p];
    for (var i = group.z * SPIKES; i < group.z * SPIKES + SPIKES; i++) {
      let spike = spikes[i];
      let turn = vec3f(vec3u(spike.z, spike.y, spike.x) * place % size) / vec3f(size);
      let wave = cos(TURN * fract(turn.x + turn.y + turn.z));
      v += heights_in[i] / f32(PIXELS) * wave;
    }
    y[base + p] = v;
  }
}
