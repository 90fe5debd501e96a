// Makes a batch from the data set: [items][CHANNELS][DEPTH][HEIGHT][WIDTH] floats -> blocks of four
// channels, in the order of `order`, min-max normalised, shifted, smoothed and erased.
// Grid: chunks of pixels, channel blocks, items.

struct Params {
  // Number of the step, from 0, and the training's seed.
  step: u32,
  seed: u32,
  // Place of the batch's first sample in `order`.
  first: u32,
}

// Invocations of a workgroup, and pixels that it handles.
const LANES: u32 = 16u;
const CHUNK: u32 = 16u;
// Channels that are stored; one alone is repeated.
const IN_CHANNELS: u32 = 1u;
const OUT_CHANNELS: u32 = 3u;
// Of an item; an image has one plane.
const DEPTH: u32 = 1u;
const HEIGHT: u32 = 8u;
const WIDTH: u32 = 8u;
// gather: min-max normalises by `ranges`, shifts by `augmentations`.
const NORMALISED: bool = true;
const SHIFTED: bool = false;
// The data hold this batch alone, so `order` is read from its start.
const FROM_START: bool = false;
// smooth_axis: pixels along its axis, and from one to the next; reach of the widest Gaussian.
const EXTENT: u32 = 8u;
const STRIDE: u32 = 1u;
const RADIUS: i32 = 4;

const PLANE: u32 = HEIGHT * WIDTH;
const PIXELS: u32 = DEPTH * PLANE;
const BLOCKS: u32 = (OUT_CHANNELS + 3u) / 4u;

// What is done to one sample.
struct Augmentation {
  // Pixels that the item moves inwards, down and to the right; zeros fill.
  shift_z: i32,
  shift_y: i32,
  shift_x: i32,
  // Rectangle of every plane that is zeroed, pixels.
  erase_top: u32,
  erase_left: u32,
  erase_height: u32,
  erase_width: u32,
  // Standard deviation of the Gaussian, pixels; 0 leaves the item.
  smoothing: f32,
}

@group(0) @binding(0) var<storage, read> data: array<f32>;
@group(0) @binding(1) var<storage, read> order: array<u32>;
// Minimum and range of each item; a range of zero gives a zero item.
@group(0) @binding(2) var<storage, read> ranges: array<vec2f>;
@group(0) @binding(3) var<storage, read> augmentations: array<Augmentation>;
@group(0) @binding(4) var<storage, read_write> y: array<vec4f>;
@group(0) @binding(5) var<storage, read> x: array<vec4f>;
@group(0) @binding(6) var<uniform> params: Params;

fn value_at(item: u32, range: vec2f, channel: u32, pixel: u32) -> f32 {
  if (channel >= OUT_CHANNELS) { return 0.0; }
  let v = data[(item * IN_CHANNELS + min(channel, IN_CHANNELS - 1u)) * PIXELS + pixel];
  if (NORMALISED) {
    if (range.y == 0.0) { return 0.0; }
    return (v - range.x) / range.y;
  } else {
    return v;
  }
}

@compute @workgroup_size(LANES)
fn gather(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let item = order[select(params.first, 0u, FROM_START) + group.z];
  var range = vec2f();
  if (NORMALISED) { range = ranges[item]; }
  let base = (group.z * BLOCKS + group.y) * PIXELS;
  let end = min(group.x * CHUNK + CHUNK, PIXELS);
  for (var p = group.x * CHUNK + lane; p < end; p += LANES) {
    var from_pixel = p;
    var inside = true;
    if (SHIFTED) {
      let a = augmentations[group.z];
      let size = vec3i(i32(DEPTH), i32(HEIGHT), i32(WIDTH));
      let at = vec3i(vec3u(p / PLANE, p / WIDTH % HEIGHT, p % WIDTH)) -
        vec3i(a.shift_z, a.shift_y, a.shift_x);
      let nearest = vec3u(clamp(at, vec3i(0), size - 1));
      inside = all(at >= vec3i(0)) && all(at < size);
      from_pixel = (nearest.x * HEIGHT + nearest.y) * WIDTH + nearest.z;
    }
    var v = vec4f(0.0);
    if (inside) {
      let c = group.y * 4u;
      let first = value_at(item, range, c, from_pixel);
      if (IN_CHANNELS == 1u) {
        v = select(
          vec4f(0.0),
          vec4f(first),
          vec4u(c, c + 1u, c + 2u, c + 3u) < vec4u(OUT_CHANNELS),
        );
      } else {
        v = vec4f(
          first,
          value_at(item, range, c + 1u, from_pixel),
          value_at(item, range, c + 2u, from_pixel),
          value_at(item, range, c + 3u, from_pixel),
        );
      }
    }
    y[base + p] = v;
  }
}

// Reflects at the outer edges of the first and last pixel: (d c b a | a b c d | d c b a).
fn reflected(at: i32, size: i32) -> i32 {
  let period = 2 * size;
  let within = ((at % period) + period) % period;
  return select(within, period - 1 - within, within >= size);
}

// One axis of a Gaussian, cut at four deviations and scaled to sum 1.
@compute @workgroup_size(LANES)
fn smooth_axis(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let base = (group.z * BLOCKS + group.y) * PIXELS;
  let deviation = augmentations[group.z].smoothing;
  let reach = i32(min(f32(RADIUS), floor(4.0 * deviation + 0.5)));
  let end = min(group.x * CHUNK + CHUNK, PIXELS);
  for (var p = group.x * CHUNK + lane; p < end; p += LANES) {
    let place = i32(p / STRIDE % EXTENT);
    var sum = vec4f(0.0);
    var weights = 0.0;
    for (var d = -RADIUS; d <= RADIUS; d++) {
      if (abs(d) <= reach) {
        let steps = reflected(place + d, i32(EXTENT)) - place;
        let pixel = u32(i32(p) + steps * i32(STRIDE));
        var weight = 1.0;
        if (d != 0) { weight = exp(-0.5 * f32(d * d) / (deviation * deviation)); }
        sum += weight * x[base + pixel];
        weights += weight;
      }
    }
    y[base + p] = sum / weights;
  }
}

// Zeroes each sample's rectangle in every plane.
@compute @workgroup_size(LANES)
fn erase(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let base = (group.z * BLOCKS + group.y) * PIXELS;
  let a = augmentations[group.z];
  let end = min(group.x * CHUNK + CHUNK, PIXELS);
  for (var p = group.x * CHUNK + lane; p < end; p += LANES) {
    let row = p / WIDTH % HEIGHT;
    let column = p % WIDTH;
    if (row >= a.erase_top && row < a.erase_top + a.erase_height &&
      column >= a.erase_left && column < a.erase_left + a.erase_width) {
      y[base + p] = vec4f(0.0);
    }
  }
}
