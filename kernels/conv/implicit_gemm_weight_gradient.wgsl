// Weight gradient of a convolution on GPUs: a GEMM of output channels x columns over pixels,
// tiled through workgroup memory, 8 channels x 8 elements an invocation.
//
// A column is a block of four input channels at one tap, the tap running fastest. workgroup_id.z
// takes a slice of the pixels (split-K) and writes partials[slice] in the order of
// weight_layout.ts, which sum_partials.wgsl adds.

// Blocks of four output channels, columns, and pixels that are reduced at a time.
const TILE_BLOCKS: u32 = 16u;
const TILE_COLUMNS: u32 = 16u;
const DEPTH: u32 = 16u;
// Whether input or kernel has several planes. In 2D, everything along z is left out.
const VOLUME: bool = false;
const ACROSS: u32 = TILE_COLUMNS / 2u;
const DOWN: u32 = TILE_BLOCKS / 2u;
const INVOCATIONS: u32 = ACROSS * DOWN;
const INPUT_LOADS: u32 = TILE_COLUMNS * DEPTH / INVOCATIONS;
const GRADIENT_LOADS: u32 = TILE_BLOCKS * DEPTH / INVOCATIONS;
const LOAD_STEP: u32 = INVOCATIONS / DEPTH;

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

  // Output pixels of all images, and of a slice.
  pixels: u32,
  slice_pixels: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> input: array<vec4f>;
@group(0) @binding(2) var<storage, read> out_gradient: array<vec4f>;
@group(0) @binding(3) var<storage, read_write> partials: array<vec4f>;

// One vec4 more a row, so that the lanes of a load write to different banks.
var<workgroup> input_tile: array<array<vec4f, TILE_COLUMNS + 1u>, DEPTH>;
var<workgroup> gradient_tile: array<array<vec4f, TILE_BLOCKS + 1u>, DEPTH>;

@compute @workgroup_size(INVOCATIONS)
fn main(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(local_invocation_index) index: u32,
) {
  // registers
  var sum: array<array<vec4f, 2>, 8>;
  // registers
  var input_next: array<vec4f, INPUT_LOADS>;
  // registers
  var gradient_next: array<vec4f, GRADIENT_LOADS>;
  // registers
  var tap_z: array<i32, INPUT_LOADS>;
  // registers
  var tap_y: array<i32, INPUT_LOADS>;
  // registers
  var tap_x: array<i32, INPUT_LOADS>;
  // registers
  var block_at: array<u32, INPUT_LOADS>;

  let across = index % ACROSS;
  let down = index / ACROSS;
  let first_column = workgroup.x * TILE_COLUMNS;
  let first_block = workgroup.y * TILE_BLOCKS;
  let in_plane = params.in_height * params.in_width;
  let out_plane = params.out_height * params.out_width;
  var taps = params.taps_y * params.taps_x;
  var in_pixels = in_plane;
  var out_pixels = out_plane;
  if (VOLUME) {
    taps *= params.taps_z;
    in_pixels *= params.in_depth;
    out_pixels *= params.out_depth;
  }
  let all_columns = params.in_blocks * taps;
  let load_pixel = index % DEPTH;
  let load_at = index / DEPTH;

  // unroll
  for (var i = 0u; i < INPUT_LOADS; i++) {
    let column = first_column + load_at + i * LOAD_STEP;
    let tap = column % taps;
    var tap_row = tap / params.taps_x;
    if (VOLUME) {
      let tap_plane = tap_row / params.taps_y;
      tap_row -= tap_plane * params.taps_y;
      tap_z[i] = i32(tap_plane) - i32(params.pad_z);
    }
    tap_y[i] = i32(tap_row) - i32(params.pad_y);
    tap_x[i] = i32(tap % params.taps_x) - i32(params.pad_x);
    block_at[i] = column / taps * in_pixels;
  }

  let first = workgroup.z * params.slice_pixels;
  let end = min(first + params.slice_pixels, params.pixels);
  for (var start = first; start < end + DEPTH; start += DEPTH) {
    if (start > first) {
      // unroll
      for (var i = 0u; i < INPUT_LOADS; i++) {
        input_tile[load_pixel][load_at + i * LOAD_STEP] = input_next[i];
      }
      // unroll
      for (var i = 0u; i < GRADIENT_LOADS; i++) {
        gradient_tile[load_pixel][load_at + i * LOAD_STEP] = gradient_next[i];
      }
    }
    workgroupBarrier();
    let pixel = start + load_pixel;
    let row = pixel / params.out_width;
    let row_plane = row / params.out_height;
    let p = row - row_plane * params.out_height;
    let q = pixel - row * params.out_width;
    var n = row_plane;
    var o = 0u;
    if (VOLUME) {
      n = row_plane / params.out_depth;
      o = row_plane - n * params.out_depth;
    }
    // unroll
    for (var i = 0u; i < GRADIENT_LOADS; i++) {
      let block = first_block + load_at + i * LOAD_STEP;
      var value = vec4f();
      if (pixel < end && block < params.out_blocks) {
        value = out_gradient[(n * params.out_blocks + block) * out_pixels + o * out_plane +
          p * params.out_width + q];
      }
      gradient_next[i] = value;
    }
    // unroll
    for (var i = 0u; i < INPUT_LOADS; i++) {
      let y = u32(i32(p * params.stride_y) + tap_y[i]);
      let x = u32(i32(q * params.stride_x) + tap_x[i]);
      var inside = pixel < end && first_column + load_at + i * LOAD_STEP < all_columns &&
        y < params.in_height && x < params.in_width;
      var at = n * params.in_blocks * in_pixels + block_at[i] + y * params.in_width + x;
      if (VOLUME) {
        let z = u32(i32(o * params.stride_z) + tap_z[i]);
        inside = inside && z < params.in_depth;
        at += z * in_plane;
      }
      var value = vec4f();
      if (inside) {
        value = input[at];
      }
      input_next[i] = value;
    }
    if (start > first) {
      // unroll
      for (var d = 0u; d < DEPTH; d++) {
        let x0 = input_tile[d][across];
        let x1 = input_tile[d][across + ACROSS];
        let g0 = gradient_tile[d][down];
        let g1 = gradient_tile[d][down + DOWN];
        // unroll
        for (var k = 0u; k < 4u; k++) {
          sum[k][0u] = fma(vec4f(g0[k]), x0, sum[k][0u]);
          sum[k][1u] = fma(vec4f(g0[k]), x1, sum[k][1u]);
          sum[k + 4u][0u] = fma(vec4f(g1[k]), x0, sum[k + 4u][0u]);
          sum[k + 4u][1u] = fma(vec4f(g1[k]), x1, sum[k + 4u][1u]);
        }
      }
    }
    workgroupBarrier();
  }

  let first_vector = workgroup.z * params.out_blocks * all_columns * 4u;
  // unroll
  for (var half = 0u; half < 2u; half++) {
    let out_block = first_block + half * DOWN + down;
    // unroll
    for (var j = 0u; j < 2u; j++) {
      let column = first_column + j * ACROSS + across;
      if (out_block < params.out_blocks && column < all_columns) {
        let to = first_vector + (out_block * all_columns + column) * 4u;
        // unroll
        for (var k = 0u; k < 4u; k++) {
          partials[to + k] = sum[half * 4u + k][j];
        }
      }
    }
  }
}
