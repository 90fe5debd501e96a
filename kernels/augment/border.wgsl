// The intensity at the border of each item of a batch [batch][DEPTH][HEIGHT][WIDTH]: the mean of
// the outermost pixels, or of those below the threshold that best parts them in two (Otsu 1979, "A
// threshold selection method from gray-level histograms"), of a histogram of BINS bins.
// Grids: border pixels, 1, samples; of threshold and mean: 1, 1, samples.

const LANES: u32 = 16u;
// Of an item; an image has one plane.
const DEPTH: u32 = 1u;
const HEIGHT: u32 = 8u;
const WIDTH: u32 = 8u;
// The faces across z are border as well.
const VOLUME: bool = true;
// Border pixels, those of two faces twice.
const COUNT: u32 = 64u;
const OTSU: bool = true;

const BINS: u32 = 128u;
// The last bin reaches beyond the largest value by this share of a bin, as ITK's does.
const MARGIN: f32 = 0.01;

@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> border_out: array<f32>;
@group(0) @binding(2) var<storage, read> border_in: array<f32>;
// [batch]: least, largest and sum of the border.
@group(0) @binding(3) var<storage, read> least: array<f32>;
@group(0) @binding(4) var<storage, read> largest: array<f32>;
@group(0) @binding(5) var<storage, read> sums: array<f32>;
// [batch][BINS]
@group(0) @binding(6) var<storage, read_write> histogram_out: array<atomic<u32>>;
@group(0) @binding(7) var<storage, read> histogram_in: array<u32>;
// [batch]
@group(0) @binding(8) var<storage, read_write> thresholds_out: array<f32>;
@group(0) @binding(9) var<storage, read> thresholds_in: array<f32>;
// [batch][COUNT]: values below the threshold, else 0; 1 for these, else 0. Then their sums.
@group(0) @binding(10) var<storage, read_write> below: array<f32>;
@group(0) @binding(11) var<storage, read_write> is_below: array<f32>;
@group(0) @binding(12) var<storage, read> sum_below: array<f32>;
@group(0) @binding(13) var<storage, read> count_below: array<f32>;
@group(0) @binding(14) var<storage, read_write> means: array<f32>;

fn bin_width(sample: u32) -> f32 {
  let range = largest[sample] - least[sample];
  return (range + range / f32(BINS) * MARGIN) / f32(BINS);
}

@compute @workgroup_size(LANES)
fn collect(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let number = group.x * LANES + lane;
  if (number >= COUNT) { return; }
  let size = vec3u(DEPTH, HEIGHT, WIDTH);
  let strides = vec3u(HEIGHT * WIDTH, WIDTH, 1u);
  var left = number;
  var axis = 0u;
  if (VOLUME) {
    if (left >= 2u * HEIGHT * WIDTH) {
      left -= 2u * HEIGHT * WIDTH;
      axis = 1u;
    }
  } else {
    axis = 1u;
  }
  if (axis == 1u && left >= 2u * DEPTH * WIDTH) {
    left -= 2u * DEPTH * WIDTH;
    axis = 2u;
  }
  let face = left % 2u * (size[axis] - 1u) * strides[axis];
  let across = vec2u(select(0u, 1u, axis == 0u), select(2u, 1u, axis == 2u));
  let place = left / 2u;
  let at = place / size[across.y] * strides[across.x] + place % size[across.y] * strides[across.y];
  border_out[group.z * COUNT + number] = x[group.z * DEPTH * HEIGHT * WIDTH + face + at];
}

@compute @workgroup_size(LANES)
fn count(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let number = group.x * LANES + lane;
  let width = bin_width(group.z);
  if (number >= COUNT || width == 0.0) { return; }
  let v = border_in[group.z * COUNT + number];
  let bin = min(u32((v - least[group.z]) / width), BINS - 1u);
  atomicAdd(&histogram_out[group.z * BINS + bin], 1u);
}

// The upper edge of the last bin of the dark part; the least value where all are equal.
@compute @workgroup_size(1)
fn threshold(@builtin(workgroup_id) group: vec3u) {
  let base = group.z * BINS;
  var total = 0.0;
  for (var bin = 0u; bin < BINS; bin++) { total += f32(histogram_in[base + bin]) * f32(bin); }
  var dark = 0u;
  var sum = 0.0;
  var best = -1.0;
  var bins = 0u;
  for (var bin = 0u; bin < BINS; bin++) {
    dark += histogram_in[base + bin];
    sum += f32(histogram_in[base + bin]) * f32(bin);
    if (dark > 0u && dark < COUNT) {
      let bright = COUNT - dark;
      let distance = sum / f32(dark) - (total - sum) / f32(bright);
      let between = f32(dark) * f32(bright) * distance * distance;
      if (between > best) {
        best = between;
        bins = bin + 1u;
      }
    }
  }
  thresholds_out[group.z] = least[group.z] + f32(bins) * bin_width(group.z);
}

@compute @workgroup_size(LANES)
fn divide(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let number = group.x * LANES + lane;
  if (number >= COUNT) { return; }
  let at = group.z * COUNT + number;
  let v = border_in[at];
  let dark = v < thresholds_in[group.z];
  below[at] = select(0.0, v, dark);
  is_below[at] = select(0.0, 1.0, dark);
}

@compute @workgroup_size(1)
fn mean(@builtin(workgroup_id) group: vec3u) {
  var sum = sums[group.z];
  var number = f32(COUNT);
  if (OTSU) {
    if (count_below[group.z] > 0.0) {
      sum = sum_below[group.z];
      number = count_below[group.z];
    }
  }
  means[group.z] = sum / number;
}
