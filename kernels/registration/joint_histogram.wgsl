// Mattes' joint histogram of a fixed and a moving image under a transform, and the gradient of
// their mutual information; src/imaging/registration/mutual_information.ts has the formulas.
//
// `joint_histogram` interpolates the moving image at the samples of the fixed one and counts: every
// sample adds the four values of the cubic B-spline window, times its weight, to its row. What is
// added are whole numbers, UNIT for 1/6 of a sample of weight 1, so that sums are exact and their
// order has no effect. `log_ratios` makes L(f, m) of the counts, and `gradient` sums the
// derivatives of all samples, both by fixed trees. Grid: chunks of samples; one workgroup for
// `log_ratios`.

struct Params {
  // Samples of the fixed image.
  samples: u32,
  // Samples outside the moving image count as its lowest intensity (1) or not at all (0).
  outside_counts: u32,
  // Voxels of the moving image along its axes, and those in its first slab.
  nx: u32,
  ny: u32,
  nz: u32,
  first_slab: u32,
  // Lowest intensity of the moving image, and bins per intensity.
  lowest: f32,
  bins_per_intensity: f32,
}

// Invocations of a workgroup, and samples that it handles: at most 8191, whose counts fit a u32.
const LANES: u32 = 16u;
const CHUNK: u32 = 4096u;
// The moving image is in two slabs of planes.
const SPLIT: bool = false;

const BINS: u32 = 32u;
const COUNTS: u32 = BINS * BINS;
// Bins of the lowest intensity and, at most, of the highest.
const FIRST_BIN: u32 = 2u;
const LAST_BIN: u32 = 29u;
const UNIT: f32 = 131072.0;

@group(0) @binding(0) var<uniform> params: Params;
// Rows of two affine maps: positions to voxels of the moving image, and derivatives by voxels to
// those by mm.
@group(0) @binding(1) var<storage, read> maps: array<vec4f>;
// x, y, z of one sample after another, mm.
@group(0) @binding(2) var<storage, read> positions: array<f32>;
// Four bins a word, the first lowest.
@group(0) @binding(3) var<storage, read> fixed_bins: array<u32>;
@group(0) @binding(4) var<storage, read> moving: array<f32>;
@group(0) @binding(5) var<storage, read> second_slab: array<f32>;
// Of each sample the fractional moving bin and its derivatives along right, anterior, superior.
@group(0) @binding(6) var<storage, read_write> moving_out: array<vec4f>;
@group(0) @binding(7) var<storage, read> moving_in: array<vec4f>;
// Low words of 32 rows of fixed bins by 32 columns of moving bins, then their high words, then the
// number of samples inside the moving image.
@group(0) @binding(8) var<storage, read_write> histogram_out: array<atomic<u32>>;
@group(0) @binding(9) var<storage, read> histogram_in: array<u32>;
@group(0) @binding(10) var<storage, read_write> ratios_out: array<f32>;
@group(0) @binding(11) var<storage, read> ratios_in: array<f32>;
// Of each chunk the derivatives by the transform's twelve entries, row by row.
@group(0) @binding(12) var<storage, read_write> partials: array<vec4f>;

var<workgroup> counts: array<atomic<u32>, COUNTS>;
var<workgroup> inside_count: atomic<u32>;
var<workgroup> row_sums: array<f32, BINS>;
var<workgroup> column_sums: array<f32, BINS>;
var<workgroup> parts: array<f32, LANES>;
var<workgroup> rows: array<array<vec4f, 3>, LANES>;

fn position_of(sample: u32) -> vec4f {
  let at = 3u * sample;
  return vec4f(positions[at], positions[at + 1u], positions[at + 2u], 1.0);
}

// The sample's place in voxels of the moving image.
fn voxel_of(position: vec4f) -> vec3f {
  return vec3f(dot(maps[0], position), dot(maps[1], position), dot(maps[2], position));
}

// Derivatives along right, anterior and superior, per mm, of derivatives by voxels.
fn per_mm(per_voxel: vec3f) -> vec3f {
  let slopes = vec4f(per_voxel, 0.0);
  return vec3f(dot(maps[3], slopes), dot(maps[4], slopes), dot(maps[5], slopes));
}

fn fixed_bin_of(sample: u32) -> u32 {
  return (fixed_bins[sample / 4u] >> (8u * (sample % 4u))) & 255u;
}

fn intensity_at(voxel: u32) -> f32 {
  if (SPLIT) {
    if (voxel >= params.first_slab) {
      return second_slab[voxel - params.first_slab];
    }
  }
  return moving[voxel];
}

fn is_inside(voxel: vec3f) -> bool {
  let last = vec3f(vec3u(params.nx, params.ny, params.nz) - 1u);
  return all(voxel >= vec3f(0.0)) && all(voxel < last);
}

// Trilinear interpolation at a place inside the image: intensity, and its derivatives by voxels.
fn interpolate(voxel: vec3f) -> vec4f {
  let cell = vec3u(voxel);
  let share = voxel - vec3f(cell);
  let row = params.nx;
  let plane = params.nx * params.ny;
  let at = cell.x + row * cell.y + plane * cell.z;
  // The corners of the cell in pairs along x; then y 0, y 1 of z 0 and y 0, y 1 of z 1.
  let low = vec4f(
    intensity_at(at),
    intensity_at(at + row),
    intensity_at(at + plane),
    intensity_at(at + plane + row),
  );
  let high = vec4f(
    intensity_at(at + 1u),
    intensity_at(at + row + 1u),
    intensity_at(at + plane + 1u),
    intensity_at(at + plane + row + 1u),
  );
  let steps_x = high - low;
  let along_y = low + share.x * steps_x;
  let steps_y = along_y.yw - along_y.xz;
  let along_z = along_y.xz + share.y * steps_y;
  let step_z = along_z.y - along_z.x;
  let step_x = mix(steps_x.xz, steps_x.yw, share.y);
  return vec4f(
    along_z.x + share.z * step_z,
    mix(step_x.x, step_x.y, share.z),
    mix(steps_y.x, steps_y.y, share.z),
    step_z,
  );
}

struct Weight {
  value: f32,
  // Derivatives by voxels.
  slopes: vec3f,
}

// The weight of a sample: where samples outside are excluded, it falls to 0 over the last voxel
// before a face of the image; src/imaging/registration/moving_samples.ts has the reason.
fn weight_at(voxel: vec3f) -> Weight {
  if (params.outside_counts != 0u) {
    return Weight(1.0, vec3f(0.0));
  }
  let behind = vec3f(vec3u(params.nx, params.ny, params.nz) - 1u) - voxel;
  let distance = min(voxel, behind);
  let along = clamp(distance, vec3f(0.0), vec3f(1.0));
  let direction = select(vec3f(-1.0), vec3f(1.0), voxel < behind);
  let steps = select(vec3f(0.0), direction, distance < vec3f(1.0));
  return Weight(along.x * along.y * along.z, steps * along.yzx * along.zxy);
}

// First of the four columns that the window at a moving bin reaches, and the bin's place between
// its second and third.
struct Window {
  column: u32,
  share: f32,
}

fn window_at(bin: f32) -> Window {
  let nearest = min(u32(bin), LAST_BIN);
  return Window(nearest - 1u, clamp(bin - f32(nearest), 0.0, 1.0));
}

// Six times the window's values at its four columns.
fn window_values(share: f32) -> vec4f {
  let f = share;
  let g = 1.0 - share;
  return vec4f(
    g * g * g,
    4.0 - 6.0 * f * f + 3.0 * f * f * f,
    4.0 - 6.0 * g * g + 3.0 * g * g * g,
    f * f * f,
  );
}

// Their derivatives by the moving bin.
fn window_slopes(share: f32) -> vec4f {
  let f = share;
  let g = 1.0 - share;
  return vec4f(-3.0 * g * g, 9.0 * f * f - 12.0 * f, 12.0 * g - 9.0 * g * g, 3.0 * f * f);
}

@compute @workgroup_size(LANES)
fn joint_histogram(
  @builtin(workgroup_id) group: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  for (var at = lane; at < COUNTS; at += LANES) {
    atomicStore(&counts[at], 0u);
  }
  if (lane == 0u) {
    atomicStore(&inside_count, 0u);
  }
  workgroupBarrier();
  var inside = 0u;
  let end = min(group.x * CHUNK + CHUNK, params.samples);
  for (var sample = group.x * CHUNK + lane; sample < end; sample += LANES) {
    let voxel = voxel_of(position_of(sample));
    var value = vec4f(f32(FIRST_BIN), vec3f(0.0));
    if (is_inside(voxel)) {
      inside++;
      let found = interpolate(voxel);
      value = vec4f(
        (found.x - params.lowest) * params.bins_per_intensity + f32(FIRST_BIN),
        params.bins_per_intensity * per_mm(found.yzw),
      );
    }
    moving_out[sample] = value;
    let weight = weight_at(voxel).value;
    if (weight > 0.0) {
      let window = window_at(value.x);
      let added = vec4u(round(UNIT * weight * window_values(window.share)));
      let at = BINS * fixed_bin_of(sample) + window.column;
      atomicAdd(&counts[at], added.x);
      atomicAdd(&counts[at + 1u], added.y);
      atomicAdd(&counts[at + 2u], added.z);
      atomicAdd(&counts[at + 3u], added.w);
    }
  }
  atomicAdd(&inside_count, inside);
  workgroupBarrier();
  for (var at = lane; at < COUNTS; at += LANES) {
    let count = atomicLoad(&counts[at]);
    if (count > 0u) {
      let before = atomicAdd(&histogram_out[at], count);
      if (before + count < before) {
        atomicAdd(&histogram_out[COUNTS + at], 1u);
      }
    }
  }
  if (lane == 0u) {
    atomicAdd(&histogram_out[2u * COUNTS], atomicLoad(&inside_count));
  }
}

fn count_at(at: u32) -> f32 {
  return 4294967296.0 * f32(histogram_in[COUNTS + at]) + f32(histogram_in[at]);
}

@compute @workgroup_size(LANES)
fn log_ratios(@builtin(local_invocation_index) lane: u32) {
  for (var line = lane; line < BINS; line += LANES) {
    var row_sum = 0.0;
    var column_sum = 0.0;
    for (var at = 0u; at < BINS; at++) {
      row_sum += count_at(BINS * line + at);
      column_sum += count_at(BINS * at + line);
    }
    row_sums[line] = row_sum;
    column_sums[line] = column_sum;
  }
  workgroupBarrier();
  var total = 0.0;
  for (var row = 0u; row < BINS; row++) {
    total += row_sums[row];
  }
  var part = 0.0;
  for (var at = lane; at < COUNTS; at += LANES) {
    let count = count_at(at);
    var ratio = 0.0;
    if (count > 0.0) {
      ratio = log(count / row_sums[at / BINS] * (total / column_sums[at % BINS]));
    }
    ratios_out[at] = ratio;
    part += count / total * ratio;
  }
  parts[lane] = part;
  workgroupBarrier();
  for (var stride = LANES / 2u; stride > 0u; stride /= 2u) {
    if (lane < stride) {
      parts[lane] += parts[lane + stride];
    }
    workgroupBarrier();
  }
  let information = parts[0];
  for (var at = lane; at < COUNTS; at += LANES) {
    ratios_out[at] -= information;
  }
}

// The entries of a sample's row that its window reaches.
fn ratios_at(at: u32) -> vec4f {
  return vec4f(ratios_in[at], ratios_in[at + 1u], ratios_in[at + 2u], ratios_in[at + 3u]);
}

@compute @workgroup_size(LANES)
fn gradient(
  @builtin(workgroup_id) group: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  var right = vec4f(0.0);
  var anterior = vec4f(0.0);
  var superior = vec4f(0.0);
  let end = min(group.x * CHUNK + CHUNK, params.samples);
  for (var sample = group.x * CHUNK + lane; sample < end; sample += LANES) {
    let position = position_of(sample);
    let weight = weight_at(voxel_of(position));
    if (weight.value > 0.0) {
      let value = moving_in[sample];
      let window = window_at(value.x);
      let ratios = ratios_at(BINS * fixed_bin_of(sample) + window.column);
      let by_bin = weight.value * dot(window_slopes(window.share), ratios);
      let by_weight = dot(window_values(window.share), ratios);
      let slopes = by_bin * value.yzw + by_weight * per_mm(weight.slopes);
      right += slopes.x * position;
      anterior += slopes.y * position;
      superior += slopes.z * position;
    }
  }
  rows[lane][0] = right;
  rows[lane][1] = anterior;
  rows[lane][2] = superior;
  workgroupBarrier();
  for (var stride = LANES / 2u; stride > 0u; stride /= 2u) {
    if (lane < stride) {
      rows[lane][0] += rows[lane + stride][0];
      rows[lane][1] += rows[lane + stride][1];
      rows[lane][2] += rows[lane + stride][2];
    }
    workgroupBarrier();
  }
  if (lane == 0u) {
    partials[3u * group.x] = rows[0][0];
    partials[3u * group.x + 1u] = rows[0][1];
    partials[3u * group.x + 2u] = rows[0][2];
  }
}
