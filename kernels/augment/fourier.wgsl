// The discrete Fourier transform along one axis of [batch][PIXELS], in passes of Stockham's
// algorithm (Van Loan, "Computational frameworks for the fast Fourier transform", 1992, 1.7) for
// any length: the product of the passes' radices. A large prime factor is a pass of that radix. And
// spikes in the spectrum.
// Grid of the passes: chunks of pixels, 1, samples.

// Invocations of a workgroup, and pixels that it handles.
const LANES: u32 = 16u;
const CHUNK: u32 = 16u;
const PIXELS: u32 = 64u;
// Of an item; an image has one plane.
const DEPTH: u32 = 1u;
const HEIGHT: u32 = 8u;
const WIDTH: u32 = 8u;
// transform: pixels along the axis, from one to the next; the pass's radix, the product of those
// before it.
const EXTENT: u32 = 8u;
const STRIDE: u32 = 1u;
const RADIX: u32 = 8u;
const DONE: u32 = 1u;
// The first pass of all reads numbers without an imaginary part.
const REAL: bool = false;
// transform, magnitudes: passes over samples without negative values, whose largest magnitude is
// their sum, as strike takes it.
const SUMMED: bool = false;
// strike: which spike, of at most so many.
const SPIKE: u32 = 0u;
const SPIKES: u32 = 1u;

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
// (cos, -sin) of k / EXTENT turns.
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

@compute @workgroup_size(LANES)
fn transform(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  if (SUMMED) {
    if (least[group.z] >= 0.0) { return; }
  }
  let base = group.z * PIXELS;
  let end = min(group.x * CHUNK + CHUNK, PIXELS);
  for (var p = group.x * CHUNK + lane; p < end; p += LANES) {
    let at = p / STRIDE % EXTENT;
    let line = base + p - at * STRIDE;
    let within = at % (DONE * RADIX);
    let start = at / (DONE * RADIX) * DONE + at % DONE;
    let turn = within * (EXTENT / (DONE * RADIX));
    var angle = 0u;
    var sum = vec2f(0.0);
    for (var r = 0u; r < RADIX; r++) {
      let w = turns[angle];
      let source = line + (start + r * (EXTENT / RADIX)) * STRIDE;
      if (REAL) {
        sum += x[source] * w;
      } else {
        let v = spectrum_in[source];
        sum += vec2f(v.x * w.x - v.y * w.y, v.x * w.y + v.y * w.x);
      }
      angle += turn;
      if (angle >= EXTENT) { angle -= EXTENT; }
    }
    spectrum_out[base + p] = sum;
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
  let at = group.z * PIXELS + min(spike.z * PLANE + spike.y * WIDTH + spike.x, PIXELS - 1u);
  heights_out[group.z * SPIKES + SPIKE] = height;
  spectrum_out[at] = spectrum_out[at] + vec2f(height, 0.0);
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
      let wave = cos(6.283185307179586 * fract(turn.x + turn.y + turn.z));
      v += heights_in[i] / f32(PIXELS) * wave;
    }
    y[base + p] = v;
  }
}
