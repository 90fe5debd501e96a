// Weight gradient of a convolution on software adapters: operands are read from storage
// textures, each invocation keeps 16 x 16 sums in registers and walks over one slice of the output
// pixels, PIXELS at a time.
//
// dW[k][c][tz][ty][tx] = sum over n, o, p, q of dY[n][k][o][p][q] *
//   X[n][c][o * stride + tz - pad][...][...]
//
// Row 0 of both textures is zero, data follow as [N][blocks][D][H][W]. A column is a block of four
// input channels at one tap. The tap runs fastest, so that the lanes of a workgroup read
// neighbouring pixels; with ONE_TAP the block does, every column of a workgroup has the same tap,
// and pixels for which that tap falls into the padding are left out. Invocation (column group,
// channel group) takes COLUMNS columns and OUT_BLOCKS blocks of output channels; workgroup_id.y
// takes a slice of the pixels (split-K) and writes its sums to partials[slice] in the order of
// weight_layout.ts: sum_partials.wgsl adds them. With LANES_ALONG_SLICES, for few columns, the
// lanes of a workgroup share columns and channels, and each takes a slice of its own.

const LANES: u32 = 16u;
const COLUMNS: u32 = 4u;
const OUT_BLOCKS: u32 = 4u;
const PIXELS: u32 = 4u;
const ONE_TAP: bool = false;
const LANES_ALONG_SLICES: bool = false;
// Whether input or kernel has several planes. In 2D, everything along z is left out.
const VOLUME: bool = false;
const ROW_BITS: u32 = 11u;
const ROW_MASK: u32 = (1u << ROW_BITS) - 1u;

struct Params {
  // Input [images][in_blocks][in_depth][in_height][in_width], a block being four channels.
  in_blocks: u32,
  in_depth: u32,
  in_height: u32,
  in_width: u32,

  // Output gradient [images][out_blocks][out_depth][out_height][out_width].
  out_blocks: u32,
  out_depth: u32,
  out_height: u32,
  out_width: u32,

  // The kernel's size, its stride, and the zeros on each side of the input.
  taps_z: u32,
  taps_y: u32,
  taps_x: u32,
  stride_z: u32,
  stride_y: u32,
  stride_x: u32,
  pad_z: u32,
  pad_y: u32,
  pad_x: u32,

  images: u32,
  // Slices of the pixels, and groups of COLUMNS columns.
  slices: u32,
  column_groups: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var input: texture_storage_2d<rgba32float, read>;
@group(0) @binding(2) var out_gradient: texture_storage_2d<rgba32float, read>;
@group(0) @binding(3) var<storage, read_write> partials: array<vec4f>;

fn kernel_taps() -> u32 {
  var taps = params.taps_y * params.taps_x;
  if (VOLUME) {
    taps *= params.taps_z;
  }
  return taps;
}

// (block of input channels, tap)
fn block_and_tap(column: u32) -> vec2u {
  if (ONE_TAP) {
    return vec2u(column % params.in_blocks, column / params.in_blocks);
  } else {
    let taps = kernel_taps();
    return vec2u(column / taps, column % taps);
  }
}

@compute @workgroup_size(LANES)
fn main(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  // registers
  var sum: array<array<vec4f, COLUMNS>, OUT_BLOCKS * 4u>;
  // registers
  var x: array<array<vec4f, COLUMNS>, PIXELS>;
  // registers
  var g: array<array<vec4f, OUT_BLOCKS>, PIXELS>;
  // registers
  var tap_z: array<i32, COLUMNS>;
  // registers
  var tap_y: array<i32, COLUMNS>;
  // registers
  var tap_x: array<i32, COLUMNS>;
  // registers
  var offset: array<i32, COLUMNS>;

  var invocation = workgroup.x * LANES + lane;
  var slice = workgroup.y;
  if (LANES_ALONG_SLICES) {
    invocation = workgroup.x;
    slice = workgroup.y * LANES + lane;
  }
  let channel_group = invocation / params.column_groups;
  let column_group = invocation - channel_group * params.column_groups;
  let first_block = channel_group * OUT_BLOCKS;
  let taps = kernel_taps();
  let in_plane = params.in_height * params.in_width;
  let out_plane = params.out_height * params.out_width;
  var in_pixels = in_plane;
  var out_pixels = out_plane;
  if (VOLUME) {
    in_pixels *= params.in_depth;
    out_pixels *= params.out_depth;
  }

  // unroll
  for (var j = 0u; j < COLUMNS; j++) {
    let at = block_and_tap(column_group * COLUMNS + j);
    var tap_row = at.y / params.taps_x;
    if (VOLUME) {
      let tap_plane = tap_row / params.taps_y;
      tap_row -= tap_plane * params.taps_y;
      tap_z[j] = i32(tap_plane) - i32(params.pad_z);
    }
    tap_y[j] = i32(tap_row) - i32(params.pad_y);
    tap_x[j] = i32(at.y % params.taps_x) - i32(params.pad_x);
    offset[j] = i32(ROW_MASK + 1u + min(at.x, params.in_blocks - 1u) * in_pixels) +
      tap_y[j] * i32(params.in_width) + tap_x[j];
    if (VOLUME) {
      offset[j] += tap_z[j] * i32(in_plane);
    }
  }

  // Output pixels whose tap is inside the input: [first_valid, first_valid + valid_size).
  var first_valid = vec3u();
  var valid_size = vec3u(params.out_width, params.out_height, 1u);
  if (VOLUME) {
    valid_size.z = params.out_depth;
  }
  if (ONE_TAP) {
    var stride = vec3u(params.stride_x, params.stride_y, 1u);
    var in_size = vec3u(params.in_width, params.in_height, 1u);
    var tap = vec3i(tap_x[0], tap_y[0], 0);
    if (VOLUME) {
      stride.z = params.stride_z;
      in_size.z = params.in_depth;
      tap.z = tap_z[0];
    }
    let last = vec3i(in_size) - 1 - tap;
    first_valid = (vec3u(max(vec3i(), -tap)) + stride - 1u) / stride;
    let end = min(valid_size, vec3u(max(vec3i(-1), last) + vec3i(stride)) / stride);
    valid_size = max(first_valid, end) - first_valid;
  }
  var pixels = params.images * valid_size.x * valid_size.y;
  if (VOLUME) {
    pixels *= valid_size.z;
  }
  let slice_pixels = (pixels + params.slices * PIXELS - 1u) / (params.slices * PIXELS) * PIXELS;
  let first = slice * slice_pixels;
  let end = min(first + slice_pixels, pixels);
  let first_row = first / max(1u, valid_size.x);
  let first_plane = first_row / max(1u, valid_size.y);
  var n = first_plane;
  var o = 0u;
  if (VOLUME) {
    n = first_plane / max(1u, valid_size.z);
    o = first_valid.z + first_plane - n * valid_size.z;
  }
  var p = first_valid.y + first_row - first_plane * valid_size.y;
  var q = first_valid.x + first - first_row * valid_size.x;

  for (var pixel = first; pixel < end; pixel += PIXELS) {
    // unroll
    for (var u = 0u; u < PIXELS; u++) {
      let valid = pixel + u < end;
      let y = i32(p * params.stride_y);
      let x_ = i32(q * params.stride_x);
      var origin = i32(n * params.in_blocks * in_pixels) + y * i32(params.in_width) + x_;
      var source = ROW_MASK + 1u + (n * params.out_blocks + first_block) * out_pixels +
        p * params.out_width + q;
      let z = i32(o * params.stride_z);
      if (VOLUME) {
        origin += z * i32(in_plane);
        source += o * out_plane;
      }
      // unroll
      for (var b = 0u; b < OUT_BLOCKS; b++) {
        let at = select(0u, source + b * out_pixels, valid && first_block + b < params.out_blocks);
        g[u][b] = textureLoad(out_gradient, vec2u(at & ROW_MASK, at >> ROW_BITS));
      }
      // unroll
      for (var j = 0u; j < COLUMNS; j++) {
        var at = u32(origin + offset[j]);
        if (ONE_TAP) {
          at = select(0u, at, valid);
        } else {
          var inside = valid && u32(y + tap_y[j]) < params.in_height &&
            u32(x_ + tap_x[j]) < params.in_width;
          if (VOLUME) {
            inside = inside && u32(z + tap_z[j]) < params.in_depth;
          }
          at = select(0u, at, inside);
        }
        x[u][j] = textureLoad(input, vec2u(at & ROW_MASK, at >> ROW_BITS));
      }
      q += 1u;
      let row_ends = q == first_valid.x + valid_size.x;
      q = select(q, first_valid.x, row_ends);
      p = select(p, p + 1u, row_ends);
      var image_ends = p == first_valid.y + valid_size.y;
      p = select(p, first_valid.y, image_ends);
      if (VOLUME) {
        o = select(o, o + 1u, image_ends);
        image_ends = o == first_valid.z + valid_size.z;
        o = select(o, first_valid.z, image_ends);
      }
      n = select(n, n + 1u, image_ends);
    }
    // Column by column, so that its values stay in processor registers.
    // unroll
    for (var j = 0u; j < COLUMNS; j++) {
      // unroll
      for (var k = 0u; k < OUT_BLOCKS * 4u; k++) {
        sum[k][j] += (g[0u][k / 4u][k % 4u] * x[0u][j] + g[1u][k / 4u][k % 4u] * x[1u][j]) +
          (g[2u][k / 4u][k % 4u] * x[2u][j] + g[3u][k / 4u][k % 4u] * x[3u][j]);
      }
    }
  }

  let columns = params.in_blocks * taps;
  let first_texel = slice * params.out_blocks * columns * 4u;
  // A loop that drivers keep: see the end of direct.wgsl.
  let blocks = min(OUT_BLOCKS, max(params.out_blocks, first_block) - first_block);
  for (var b = 0u; b < blocks; b++) {
    // unroll
    for (var j = 0u; j < COLUMNS; j++) {
      let column = column_group * COLUMNS + j;
      let at = block_and_tap(column);
      let to = first_texel + ((first_block + b) * columns + at.x * taps + at.y) * 4u;
      // unroll
      for (var k = 0u; k < 4u; k++) {
        var value = sum[k][j];
        // unroll
        for (var group = 1u; group < OUT_BLOCKS; group++) {
          value = select(value, sum[group * 4u + k][j], b == group);
        }
        if (column < columns) {
          partials[to + k] = value;
        }
      }
    }
  }
}
