// Convolution on GPUs, forward pass or data gradient: an implicit GEMM of pixels x channels over
// taps and channel blocks, tiled through workgroup memory, LANE_PIXELS pixels x 8 channels an
// invocation.
//
// Input and output are [N][C/4][D][H][W] vec4s: of the data gradient, dY and dX. Weights are in the
// order of weight_layout.ts. The reduction runs over entries = (tap, block), DEPTH at a time; the
// next tile is loaded into registers while the current one is multiplied. workgroup_id.x, then z,
// is a tile of pixels; y is a tile of channels of a slice of the entries (split-K), which
// sum_partials.wgsl adds.

const TILE_PIXELS: u32 = 128u;
const TILE_CHANNELS: u32 = 64u;
const LANE_PIXELS: u32 = 8u;
const DEPTH: u32 = 4u;
// Lanes of a patch of 32 along the channels: 4, or DOWN where that is less.
const PATCH_DOWN: u32 = 4u;
// The data gradient, which reduces over the weights' output channels.
const TRANSPOSED: bool = false;
const HAS_BIAS: bool = false;
// in_blocks is a multiple of DEPTH, so that a tile of entries has one tap.
const ALIGNED: bool = false;
// Whether input or kernel has several planes. In 2D, everything along z is left out.
const VOLUME: bool = false;
const ACROSS: u32 = TILE_PIXELS / LANE_PIXELS;
const DOWN: u32 = TILE_CHANNELS / 8u;
const INVOCATIONS: u32 = ACROSS * DOWN;
const PIXEL_LOADS: u32 = TILE_PIXELS * DEPTH / INVOCATIONS;
const WEIGHT_LOADS: u32 = (TILE_CHANNELS * DEPTH + INVOCATIONS - 1u) / INVOCATIONS;
const PIXEL_STEP: u32 = INVOCATIONS / TILE_PIXELS;
const WEIGHT_STEP: u32 = INVOCATIONS / TILE_CHANNELS;
const PATCH_ACROSS: u32 = 32u / PATCH_DOWN;

struct Params {
  // Input [images][in_blocks][in_depth][in_height][in_width], a block being four channels.
  images: u32,
  in_blocks: u32,
  in_depth: u32,
  in_height: u32,
  in_width: u32,
  // Output [images][out_blocks][out_depth][out_height][out_width].
  out_blocks: u32,
  out_depth: u32,
  out_height: u32,
  out_width: u32,
  // Without the padding of the last block.
  out_channels: u32,
  // The kernel's size, its stride, and the zeros on each side of the layer's input.
  taps_z: u32,
  taps_y: u32,
  taps_x: u32,
  stride_z: u32,
  stride_y: u32,
  stride_x: u32,
  pad_z: u32,
  pad_y: u32,
  pad_x: u32,
  // Vectors of the weights from one block of input (reduced) or output channels to the next.
  in_step: u32,
  out_step: u32,
  // Parities of the output's pixels: positions modulo the stride in the data gradient, else 1.
  parities_z: u32,
  parities_y: u32,
  parities_x: u32,
  // Tiles of pixels of the largest parity, tiles of channels, and entries of a slice, a multiple of
  // DEPTH.
  pixel_tiles: u32,
  channel_tiles: u32,
  slice_entries: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> input: array<vec4f>;
@group(0) @binding(2) var<storage, read> weights: array<vec4f>;
@group(0) @binding(3) var<storage, read> bias: array<f32>;
@group(0) @binding(4) var<storage, read_write> output: array<vec4f>;

var<workgroup> pixel_tile: array<array<vec4f, TILE_PIXELS>, DEPTH>;
// DEPTH rows, and more where a narrow tile has fewer vectors than there are invocations.
var<workgroup> weight_tile: array<array<vec4f, TILE_CHANNELS>, WEIGHT_LOADS * WEIGHT_STEP>;

// A parity of the output along one axis: output pixel i of `size` is at `out_start +
// i * out_stride`, its input at `in_start + i * in_stride + tap` for tap = 0 to `taps` - 1, whose
// weight is at `first + tap * step` in the kernel.
struct Axis {
  size: u32,
  out_start: u32,
  out_stride: u32,
  in_start: i32,
  in_stride: u32,
  taps: u32,
  first: i32,
  step: i32,
}

fn axis(parity: u32, out_size: u32, taps: u32, stride: u32, pad: u32) -> Axis {
  if (!TRANSPOSED) {
    return Axis(out_size, 0u, 1u, -i32(pad), stride, taps, 0, 1);
  }
  // Pixels of one parity meet every stride-th tap, in reverse.
  let nearest = (parity + pad) % stride;
  let count = (max(taps, nearest) - nearest + stride - 1u) / stride;
  let last = i32(count) - 1;
  return Axis(
    (out_size - parity + stride - 1u) / stride,
    parity,
    stride,
    i32((parity + pad) / stride) - last,
    1u,
    count,
    i32(nearest) + last * i32(stride),
    -i32(stride),
  );
}

fn is_inside(z: i32, y: i32, x: i32) -> bool {
  let inside = u32(y) < params.in_height && u32(x) < params.in_width;
  if (VOLUME) {
    return inside && u32(z) < params.in_depth;
  }
  return inside;
}

fn input_at(z: i32, y: i32, x: i32) -> u32 {
  let at = u32(y) * params.in_width + u32(x);
  if (VOLUME) {
    return at + u32(z) * params.in_height * params.in_width;
  }
  return at;
}

// A tap of a parity, along each axis.
struct Tap {
  z: u32,
  y: u32,
  x: u32,
}

fn next_tap(tap: Tap, taps_y: u32, taps_x: u32) -> Tap {
  if (tap.x + 1u < taps_x) {
    return Tap(tap.z, tap.y, tap.x + 1u);
  }
  if (VOLUME && tap.y + 1u == taps_y) {
    return Tap(tap.z + 1u, 0u, 0u);
  }
  return Tap(tap.z, tap.y + 1u, 0u);
}

// Index of a tap in the kernel.
fn kernel_tap(tap: Tap, z: Axis, y: Axis, x: Axis) -> u32 {
  let at_y = y.first + i32(tap.y) * y.step;
  let at_x = x.first + i32(tap.x) * x.step;
  let at = u32(at_y) * params.taps_x + u32(at_x);
  if (VOLUME) {
    return at + u32(z.first + i32(tap.z) * z.step) * params.taps_y * params.taps_x;
  }
  return at;
}

@compute @workgroup_size(INVOCATIONS)
fn main(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(num_workgroups) workgroups: vec3u,
  @builtin(local_invocation_index) index: u32,
) {
  // registers
  var sum: array<array<f32, 8>, LANE_PIXELS>;
  // registers
  var pixel_next: array<vec4f, PIXEL_LOADS>;
  // registers
  var weight_next: array<vec4f, WEIGHT_LOADS>;
  // registers
  var a: array<vec4f, LANE_PIXELS>;

  let pixel_workgroup = workgroup.z * workgroups.x + workgroup.x;
  let parity = pixel_workgroup / params.pixel_tiles;
  let parities = params.parities_z * params.parities_y * params.parities_x;
  if (parity >= parities) {
    return;
  }
  let parity_row = parity / params.parities_x;
  let along_y = axis(
    parity_row % params.parities_y,
    params.out_height,
    params.taps_y,
    params.stride_y,
    params.pad_y,
  );
  let along_x = axis(
    parity % params.parities_x,
    params.out_width,
    params.taps_x,
    params.stride_x,
    params.pad_x,
  );
  let along_z = axis(
    parity_row / params.parities_y,
    params.out_depth,
    params.taps_z,
    params.stride_z,
    params.pad_z,
  );
  let first_pixel = pixel_workgroup % params.pixel_tiles * TILE_PIXELS;
  let first_channel = workgroup.y % params.channel_tiles * TILE_CHANNELS;
  let slice = workgroup.y / params.channel_tiles;

  // Groups of 32 lanes are patches, 8 x 4 where there are channels, which read few vectors.
  let patch_at = index / 32u;
  let patches = ACROSS / PATCH_ACROSS;
  let across = patch_at % patches * PATCH_ACROSS + index % PATCH_ACROSS;
  let down = patch_at / patches * PATCH_DOWN + index / PATCH_ACROSS % PATCH_DOWN;

  var in_pixels = params.in_height * params.in_width;
  var taps = along_y.taps * along_x.taps;
  if (VOLUME) {
    in_pixels *= params.in_depth;
    taps *= along_z.taps;
  }
  let first_entry = slice * params.slice_entries;
  let end = min(first_entry + params.slice_entries, taps * params.in_blocks);

  // What this invocation loads: one pixel and one channel of entries load_depth, load_depth +
  // PIXEL_STEP, ..., and weight_depth, weight_depth + WEIGHT_STEP, ...
  let load_pixel = index % TILE_PIXELS;
  let load_depth = index / TILE_PIXELS;
  let pixel = first_pixel + load_pixel;
  let row = pixel / along_x.size;
  let pixel_plane = row / along_y.size;
  var n = pixel_plane;
  var front = 0;
  if (VOLUME) {
    n = pixel_plane / along_z.size;
    front = i32((pixel_plane - n * along_z.size) * along_z.in_stride) + along_z.in_start;
  }
  let first_input = n * params.in_blocks * in_pixels;
  let top = i32((row - pixel_plane * along_y.size) * along_y.in_stride) + along_y.in_start;
  let left = i32((pixel - row * along_x.size) * along_x.in_stride) + along_x.in_start;
  let exists = n < params.images;
  let load_channel = index % TILE_CHANNELS;
  let weight_depth = index / TILE_CHANNELS;
  let weight_block = (first_channel + load_channel) / 4u;
  let first_weight = weight_block * params.out_step + load_channel % 4u;
  let weight_exists = weight_block < params.out_blocks && weight_depth < DEPTH;

  if (HAS_BIAS && slice == 0u) {
    // unroll
    for (var k = 0u; k < 8u; k++) {
      let channel = first_channel + (k / 4u) * (DOWN * 4u) + down * 4u + k % 4u;
      if (channel < params.out_channels) {
        let value = bias[channel];
        // unroll
        for (var p = 0u; p < LANE_PIXELS; p++) {
          sum[p][k] = value;
        }
      }
    }
  }

  // Entry that is loaded next, as block and tap.
  var block = first_entry % params.in_blocks;
  let first_tap = first_entry / params.in_blocks;
  let tap_row = first_tap / max(along_x.taps, 1u);
  var tap = Tap(0u, tap_row, first_tap % max(along_x.taps, 1u));
  if (VOLUME) {
    tap.y = tap_row % max(along_y.taps, 1u);
    tap.z = tap_row / max(along_y.taps, 1u);
  }

  for (var entry = first_entry; entry < end + DEPTH; entry += DEPTH) {
    if (entry > first_entry) {
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
    if (ALIGNED) {
      let z = front + i32(tap.z);
      let y = top + i32(tap.y);
      let x = left + i32(tap.x);
      let inside = exists && entry < end && is_inside(z, y, x);
      let from_pixel = first_input + input_at(z, y, x);
      // unroll
      for (var i = 0u; i < PIXEL_LOADS; i++) {
        var value = vec4f();
        if (inside) {
          value = input[from_pixel + (block + load_depth + i * PIXEL_STEP) * in_pixels];
        }
        pixel_next[i] = value;
      }
      let from_weight = first_weight + kernel_tap(tap, along_z, along_y, along_x) * 4u;
      // unroll
      for (var i = 0u; i < WEIGHT_LOADS; i++) {
        var value = vec4f();
        if (weight_exists && entry < end) {
          value = weights[from_weight + (block + weight_depth + i * WEIGHT_STEP) * params.in_step];
        }
        weight_next[i] = value;
      }
      block += DEPTH;
      if (block == params.in_blocks) {
        block = 0u;
        tap = next_tap(tap, along_y.taps, along_x.taps);
      }
    } else {
      // unroll
      for (var d = 0u; d < DEPTH; d++) {
        if (d % PIXEL_STEP == load_depth) {
          let z = front + i32(tap.z);
          let y = top + i32(tap.y);
          let x = left + i32(tap.x);
          var value = vec4f();
          if (exists && entry + d < end && is_inside(z, y, x)) {
            value = input[first_input + block * in_pixels + input_at(z, y, x)];
          }
          pixel_next[d / PIXEL_STEP] = value;
        }
        if (d % WEIGHT_STEP == weight_depth) {
          var value = vec4f();
          if (weight_exists && entry + d < end) {
            let at = kernel_tap(tap, along_z, along_y, along_x);
            value = weights[first_weight + block * params.in_step + at * 4u];
          }
          weight_next[d / WEIGHT_STEP] = value;
        }
        block += 1u;
        if (block == params.in_blocks) {
          block = 0u;
          tap = next_tap(tap, along_y.taps, along_x.taps);
        }
      }
    }
    if (entry > first_entry) {
      // unroll
      for (var d = 0u; d < DEPTH; d++) {
        // unroll
        for (var p = 0u; p < LANE_PIXELS; p++) {
          a[p] = pixel_tile[d][across + p * ACROSS];
        }
        // unroll
        for (var k = 0u; k < 8u; k++) {
          let b = weight_tile[d][(k / 4u) * (DOWN * 4u) + down * 4u + k % 4u];
          // unroll
          for (var p = 0u; p < LANE_PIXELS; p++) {
            if (TRANSPOSED) {
              // Four output channels of one reduced channel.
              sum[p][k / 4u * 4u] = fma(a[p][k % 4u], b.x, sum[p][k / 4u * 4u]);
              sum[p][k / 4u * 4u + 1u] = fma(a[p][k % 4u], b.y, sum[p][k / 4u * 4u + 1u]);
              sum[p][k / 4u * 4u + 2u] = fma(a[p][k % 4u], b.z, sum[p][k / 4u * 4u + 2u]);
              sum[p][k / 4u * 4u + 3u] = fma(a[p][k % 4u], b.w, sum[p][k / 4u * 4u + 3u]);
            } else {
              sum[p][k] = fma(a[p].x, b.x, sum[p][k]);
              sum[p][k] = fma(a[p].y, b.y, sum[p][k]);
              sum[p][k] = fma(a[p].z, b.z, sum[p][k]);
              sum[p][k] = fma(a[p].w, b.w, sum[p][k]);
            }
          }
        }
      }
    }
    workgroupBarrier();
  }

  var out_pixels = params.out_height * params.out_width;
  if (VOLUME) {
    out_pixels *= params.out_depth;
  }
  let first_output = slice * params.images * params.out_blocks * out_pixels;
  // unroll
  for (var p = 0u; p < LANE_PIXELS; p++) {
    let target_pixel = first_pixel + across + p * ACROSS;
    let target_row = target_pixel / along_x.size;
    let target_plane = target_row / along_y.size;
    let y = (target_row - target_plane * along_y.size) * along_y.out_stride + along_y.out_start;
    let x = (target_pixel - target_row * along_x.size) * along_x.out_stride + along_x.out_start;
    var image = target_plane;
    var to = first_output + y * params.out_width + x;
    if (VOLUME) {
      image = target_plane / along_z.size;
      let z = (target_plane - image * along_z.size) * along_z.out_stride + along_z.out_start;
      to += z * params.out_height * params.out_width;
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
