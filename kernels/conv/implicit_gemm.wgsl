// Convolution on GPUs: an implicit GEMM of pixels x output channels over taps and channel
// blocks, tiled through workgroup memory, 8 pixels x 8 channels an invocation.
//
// Input [N][C/4][D][H][W] vec4s; weights [tap][C/4][K padded to TILE_CHANNELS] vec4s of four input
// channels, then the bias. Tiles of pixels run along workgroup_id.x, then z. The reduction runs
// over entries = (tap, block), DEPTH at a time; the next tile is loaded into registers while the
// current one is multiplied.

const TILE_PIXELS: u32 = 128u;
const TILE_CHANNELS: u32 = 64u;
const DEPTH: u32 = 4u;
// Whether input or kernel has several planes. In 2D, everything along z is left out.
const VOLUME: bool = false;
const ACROSS: u32 = TILE_PIXELS / 8u;
const DOWN: u32 = TILE_CHANNELS / 8u;
const INVOCATIONS: u32 = ACROSS * DOWN;
const PIXEL_LOADS: u32 = TILE_PIXELS * DEPTH / INVOCATIONS;
const WEIGHT_LOADS: u32 = TILE_CHANNELS * DEPTH / INVOCATIONS;
const PIXEL_STEP: u32 = INVOCATIONS / TILE_PIXELS;
const WEIGHT_STEP: u32 = INVOCATIONS / TILE_CHANNELS;

struct Params {
  // Grid: the output pixels that this dispatch computes, all or one parity of them.
  images: u32,
  grid_depth: u32,
  grid_height: u32,
  grid_width: u32,

  // Input [images][in_blocks][in_depth][in_height][in_width], a block being four channels.
  in_blocks: u32,
  in_depth: u32,
  in_height: u32,
  in_width: u32,
  // Input pixel of tap 0 at grid pixel 0: minus the padding in the forward pass.
  in_start_z: i32,
  in_start_y: i32,
  in_start_x: i32,
  // Input pixels from one grid pixel to the next.
  stride_z: u32,
  stride_y: u32,
  stride_x: u32,

  // Output [images][out_blocks][out_depth][out_height][out_width].
  out_blocks: u32,
  out_depth: u32,
  out_height: u32,
  out_width: u32,
  // Output pixel of grid pixel 0, and output pixels from one grid pixel to the next.
  out_start_z: u32,
  out_start_y: u32,
  out_start_x: u32,
  out_stride_z: u32,
  out_stride_y: u32,
  out_stride_x: u32,

  // Taps (positions of the kernel) that this dispatch uses along each axis.
  taps_z: u32,
  taps_y: u32,
  taps_x: u32,

  // Channels of a row of the weights: out_channels, padded to a multiple of TILE_CHANNELS.
  padded_channels: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> input: array<vec4f>;
@group(0) @binding(2) var<storage, read> weights: array<vec4f>;
@group(0) @binding(3) var<storage, read_write> output: array<vec4f>;

var<workgroup> pixel_tile: array<array<vec4f, TILE_PIXELS>, DEPTH>;
var<workgroup> weight_tile: array<array<vec4f, TILE_CHANNELS>, DEPTH>;

@compute @workgroup_size(INVOCATIONS)
fn main(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(num_workgroups) workgroups: vec3u,
  @builtin(local_invocation_index) index: u32,
) {
  // registers
  var sum: array<array<f32, 8>, 8>;
  // registers
  var pixel_next: array<vec4f, PIXEL_LOADS>;
  // registers
  var weight_next: array<vec4f, WEIGHT_LOADS>;
  // registers
  var a: array<vec4f, 8>;

  let across = index % ACROSS;
  let down = index / ACROSS;
  let first_pixel = (workgroup.z * workgroups.x + workgroup.x) * TILE_PIXELS;
  let first_channel = workgroup.y * TILE_CHANNELS;
  let in_plane = params.in_height * params.in_width;
  var in_pixels = in_plane;
  var entries = params.taps_y * params.taps_x * params.in_blocks;
  if (VOLUME) {
    in_pixels *= params.in_depth;
    entries *= params.taps_z;
  }

  // What this invocation loads: one pixel, entries load_depth, load_depth + PIXEL_STEP, ...
  let load_pixel = index % TILE_PIXELS;
  let load_depth = index / TILE_PIXELS;
  let pixel = first_pixel + load_pixel;
  let row = pixel / params.grid_width;
  let grid_plane = row / params.grid_height;
  var n = grid_plane;
  var front = 0;
  if (VOLUME) {
    n = grid_plane / params.grid_depth;
    front = i32((grid_plane - n * params.grid_depth) * params.stride_z) + params.in_start_z;
  }
  let first_input = n * params.in_blocks * in_pixels;
  let top = i32((row - grid_plane * params.grid_height) * params.stride_y) + params.in_start_y;
  let left = i32((pixel - row * params.grid_width) * params.stride_x) + params.in_start_x;
  let exists = n < params.images;
  let load_channel = index % TILE_CHANNELS;
  let weight_depth = index / TILE_CHANNELS;

  let bias_at = entries * params.padded_channels + first_channel / 4u;
  // unroll
  for (var half = 0u; half < 2u; half++) {
    let bias = weights[bias_at + half * DOWN + down];
    // unroll
    for (var p = 0u; p < 8u; p++) {
      sum[p][half * 4u] = bias.x;
      sum[p][half * 4u + 1u] = bias.y;
      sum[p][half * 4u + 2u] = bias.z;
      sum[p][half * 4u + 3u] = bias.w;
    }
  }

  // Entry that is loaded next, as block and tap; entries advance one by one.
  var block = 0u;
  var tap_z = 0u;
  var tap_y = 0u;
  var tap_x = 0u;

  for (var entry = 0u; entry < entries + DEPTH; entry += DEPTH) {
    if (entry > 0u) {
      // unroll
      for (var i = 0u; i < PIXEL_LOADS; i++) {
        pixel_tile[load_depth + i * PIXEL_STEP][load_pixel] = pixel_next[i];
      }
      // unroll
      for (var i = 0u; i < WEIGHT_LOADS; i++) {
        weight_tile[weight_depth + i * WEIGHT_STEP][load_channel] = weight_next[i];
      }
    }
    workgroupBarrier();
    // unroll
    for (var d = 0u; d < DEPTH; d++) {
      if (d % PIXEL_STEP == load_depth) {
        let y = u32(top + i32(tap_y));
        let x = u32(left + i32(tap_x));
        var value = vec4f();
        var inside = exists && entry + d < entries && y < params.in_height && x < params.in_width;
        var at = first_input + block * in_pixels + y * params.in_width + x;
        if (VOLUME) {
          let z = u32(front + i32(tap_z));
          inside = inside && z < params.in_depth;
          at += z * in_plane;
        }
        if (inside) {
          value = input[at];
        }
        pixel_next[d / PIXEL_STEP] = value;
      }
      block += 1u;
      if (block == params.in_blocks) {
        block = 0u;
        tap_x += 1u;
        if (tap_x == params.taps_x) {
          tap_x = 0u;
          tap_y += 1u;
          if (VOLUME) {
            if (tap_y == params.taps_y) {
              tap_y = 0u;
              tap_z += 1u;
            }
          }
        }
      }
    }
    // unroll
    for (var i = 0u; i < WEIGHT_LOADS; i++) {
      let at = entry + weight_depth + i * WEIGHT_STEP;
      var value = vec4f();
      if (at < entries) {
        value = weights[at * params.padded_channels + first_channel + load_channel];
      }
      weight_next[i] = value;
    }
    if (entry > 0u) {
      // unroll
      for (var d = 0u; d < DEPTH; d++) {
        // unroll
        for (var p = 0u; p < 8u; p++) {
          a[p] = pixel_tile[d][across + p * ACROSS];
        }
        // unroll
        for (var k = 0u; k < 8u; k++) {
          let b = weight_tile[d][(k / 4u) * (DOWN * 4u) + down * 4u + k % 4u];
          // unroll
          for (var p = 0u; p < 8u; p++) {
            sum[p][k] = fma(a[p].x, b.x, sum[p][k]);
            sum[p][k] = fma(a[p].y, b.y, sum[p][k]);
            sum[p][k] = fma(a[p].z, b.z, sum[p][k]);
            sum[p][k] = fma(a[p].w, b.w, sum[p][k]);
          }
        }
      }
    }
    workgroupBarrier();
  }

  let out_plane = params.out_height * params.out_width;
  var out_pixels = out_plane;
  if (VOLUME) {
    out_pixels *= params.out_depth;
  }
  // unroll
  for (var p = 0u; p < 8u; p++) {
    let target_pixel = first_pixel + across + p * ACROSS;
    let target_row = target_pixel / params.grid_width;
    let target_plane = target_row / params.grid_height;
    let y = (target_row - target_plane * params.grid_height) * params.out_stride_y +
      params.out_start_y;
    let x = (target_pixel - target_row * params.grid_width) * params.out_stride_x +
      params.out_start_x;
    var image = target_plane;
    var to = y * params.out_width + x;
    if (VOLUME) {
      image = target_plane / params.grid_depth;
      let z = (target_plane - image * params.grid_depth) * params.out_stride_z +
        params.out_start_z;
      to += z * out_plane;
    }
    // unroll
    for (var half = 0u; half < 2u; half++) {
      let out_block = first_channel / 4u + half * DOWN + down;
      if (image < params.images && out_block < params.out_blocks) {
        output[(image * params.out_blocks + out_block) * out_pixels + to] = vec4f(
          sum[p][half * 4u],
          sum[p][half * 4u + 1u],
          sum[p][half * 4u + 2u],
          sum[p][half * 4u + 3u],
        );
      }
    }
  }
}
