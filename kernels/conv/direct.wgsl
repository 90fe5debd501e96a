// Convolution on software adapters: operands are read from storage textures, which these drivers
// inline, and each invocation keeps a large register tile; no workgroup memory, no barriers.
//
// A texture holds a linear array of vec4s (texels), 2^ROW_BITS a row; row 0 of the input is zero,
// so that padding is a read of texel 0. Input: row 0, then [N][C/4][D][H][W]. Weights: in the order
// of weight_layout.ts from texel weights_first on. The forward pass reduces over their input
// channels; the data gradient (TRANSPOSED), whose input is dY, over their output channels.
//
// The grid is all pixels of the output, or one parity of them in the data gradient of a strided
// convolution; its workgroups run along workgroup_id.x, then z. Lanes run along its pixels
// (n, z, y, x), all with the same channels. With LANES_ALONG_CHANNELS they run along channels, and
// the pixels of a workgroup are one (z, y, x) of PIXELS images: the taps that fall into the padding
// there are left out.

// Invocations of a workgroup: one vector of the processor.
const LANES: u32 = 16u;
// Register tile of an invocation.
const PIXELS: u32 = 16u;
const OUT_CHANNELS: u32 = 16u;
const ROW_BITS: u32 = 11u;
const ROW_MASK: u32 = (1u << ROW_BITS) - 1u;
const LANES_ALONG_CHANNELS: bool = false;
const TRANSPOSED: bool = false;
// Whether input or kernel has several planes. In 2D, everything along z is left out.
const VOLUME: bool = false;

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

  // Channels of the bias, and whether there is one (0: none).
  out_channels: u32,
  has_bias: u32,

  // Weights: texel of the first, and taps of each, the ones that this dispatch leaves out included.
  weights_first: u32,
  weight_taps: u32,
  // Tap ((z * kernel height + y) * kernel width + x) that is tap 0 here, and from it to the next.
  first_tap: i32,
  tap_step_x: i32,
  tap_step_y: i32,
  tap_step_z: i32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var input: texture_storage_2d<rgba32float, read>;
@group(0) @binding(2) var weights: texture_storage_2d<rgba32float, read>;
@group(0) @binding(3) var<storage, read_write> output: array<vec4f>;
@group(0) @binding(4) var<storage, read> bias: array<f32>;

struct Place {
  // May be one too many.
  image: u32,
  z: u32,
  y: u32,
  x: u32,
}

// Where pixel p of an invocation is in the grid.
fn grid_pixel(group: u32, lane: u32, p: u32) -> Place {
  if (LANES_ALONG_CHANNELS) {
    let image_groups = (params.images + PIXELS - 1u) / PIXELS;
    let place = group / image_groups;
    let image = (group - place * image_groups) * PIXELS + p;
    let row = place / params.grid_width;
    let x = place - row * params.grid_width;
    if (VOLUME) {
      let plane = row / params.grid_height;
      return Place(image, plane, row - plane * params.grid_height, x);
    } else {
      return Place(image, 0u, row, x);
    }
  } else {
    let pixel = (group * PIXELS + p) * LANES + lane;
    let row = pixel / params.grid_width;
    let plane = row / params.grid_height;
    let y = row - plane * params.grid_height;
    let x = pixel - row * params.grid_width;
    if (VOLUME) {
      let image = plane / params.grid_depth;
      return Place(image, plane - image * params.grid_depth, y, x);
    } else {
      return Place(plane, 0u, y, x);
    }
  }
}

@compute @workgroup_size(LANES)
fn main(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(num_workgroups) workgroups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  // registers
  var sum: array<array<f32, OUT_CHANNELS>, PIXELS>;
  // registers
  var w: array<vec4f, 4>;
  // registers
  var x: array<vec4f, PIXELS>;
  // registers
  var origin: array<i32, PIXELS>;
  // registers
  var front: array<i32, PIXELS>;
  // registers
  var top: array<i32, PIXELS>;
  // registers
  var left: array<i32, PIXELS>;

  let group = workgroup.z * workgroups.x + workgroup.x;
  let in_plane = params.in_height * params.in_width;
  var in_pixels = in_plane;
  if (VOLUME) {
    in_pixels *= params.in_depth;
  }

  // unroll
  for (var p = 0u; p < PIXELS; p++) {
    let at = grid_pixel(group, lane, p);
    top[p] = i32(at.y * params.stride_y) + params.in_start_y;
    left[p] = i32(at.x * params.stride_x) + params.in_start_x;
    origin[p] = i32(at.image * params.in_blocks * in_pixels + ROW_MASK + 1u) +
      top[p] * i32(params.in_width) + left[p];
    if (VOLUME) {
      front[p] = i32(at.z * params.stride_z) + params.in_start_z;
      origin[p] += front[p] * i32(in_plane);
    }
  }
  var first_channel = workgroup.y * OUT_CHANNELS;
  var first_valid_tap = vec3i();
  var end_valid_tap = vec3i(vec3u(params.taps_x, params.taps_y, 1u));
  if (VOLUME) {
    end_valid_tap.z = i32(params.taps_z);
  }
  if (LANES_ALONG_CHANNELS) {
    first_channel = (workgroup.y * LANES + lane) * OUT_CHANNELS;
    var corner = vec3i(left[0], top[0], 0);
    var end = vec3i(vec3u(params.in_width, params.in_height, 1u)) - corner;
    if (VOLUME) {
      corner.z = front[0];
      end.z = i32(params.in_depth) - corner.z;
    }
    first_valid_tap = max(first_valid_tap, -corner);
    end_valid_tap = max(first_valid_tap, min(end_valid_tap, end));
  }
  let valid_taps = vec3u(end_valid_tap - first_valid_tap);
  var entries = valid_taps.x * valid_taps.y * params.in_blocks;
  if (VOLUME) {
    entries *= valid_taps.z;
  }

  // Texels from one block of output channels to the next, and from one reduced block to the next.
  var out_step = params.in_blocks * params.weight_taps * 4u;
  var in_step = params.weight_taps * 4u;
  if (TRANSPOSED) {
    out_step = params.weight_taps * 4u;
    in_step = params.out_blocks * params.weight_taps * 4u;
  }
  let first_weight = params.weights_first + first_channel / 4u * out_step;

  // One flat loop over (block, tap): these drivers copy all sums at the borders of a nested one.
  var tap_x = first_valid_tap.x;
  var tap_y = first_valid_tap.y;
  var tap_z = first_valid_tap.z;
  var block = 0u;
  for (var entry = 0u; entry < entries; entry++) {
    var offset = i32(block * in_pixels) + tap_y * i32(params.in_width) + tap_x;
    var tap = params.first_tap + tap_y * params.tap_step_y + tap_x * params.tap_step_x;
    if (VOLUME) {
      offset += tap_z * i32(in_plane);
      tap += tap_z * params.tap_step_z;
    }
    let weight_at = first_weight + block * in_step + u32(tap) * 4u;
    // unroll
    for (var p = 0u; p < PIXELS; p++) {
      var at = u32(origin[p] + offset);
      if (!LANES_ALONG_CHANNELS) {
        var inside = u32(top[p] + tap_y) < params.in_height &&
          u32(left[p] + tap_x) < params.in_width;
        if (VOLUME) {
          inside = inside && u32(front[p] + tap_z) < params.in_depth;
        }
        at = select(0u, at, inside);
      }
      x[p] = textureLoad(input, vec2u(at & ROW_MASK, at >> ROW_BITS));
    }
    // Four channels at a time, so that their weights stay in processor registers.
    // unroll
    for (var first = 0u; first < OUT_CHANNELS; first += 4u) {
      // unroll
      for (var k = 0u; k < 4u; k++) {
        let at = weight_at + first / 4u * out_step + k;
        w[k] = textureLoad(weights, vec2u(at & ROW_MASK, at >> ROW_BITS));
      }
      // unroll
      for (var p = 0u; p < PIXELS; p++) {
        // unroll
        for (var k = 0u; k < 4u; k++) {
          if (TRANSPOSED) {
            sum[p][first + k] += (x[p].x * w[0][k] + x[p].y * w[1][k]) +
              (x[p].z * w[2][k] + x[p].w * w[3][k]);
          } else {
            sum[p][first + k] += (x[p].x * w[k].x + x[p].y * w[k].y) +
              (x[p].z * w[k].z + x[p].w * w[k].w);
          }
        }
      }
    }
    tap_x += 1;
    let row_ends = tap_x == end_valid_tap.x;
    tap_x = select(tap_x, first_valid_tap.x, row_ends);
    tap_y = select(tap_y, tap_y + 1, row_ends);
    var block_ends = tap_y == end_valid_tap.y;
    tap_y = select(tap_y, first_valid_tap.y, block_ends);
    if (VOLUME) {
      tap_z = select(tap_z, tap_z + 1, block_ends);
      block_ends = tap_z == end_valid_tap.z;
      tap_z = select(tap_z, first_valid_tap.z, block_ends);
    }
    block = select(block, block + 1u, block_ends);
  }

  let out_plane = params.out_height * params.out_width;
  var out_pixels = out_plane;
  if (VOLUME) {
    out_pixels *= params.out_depth;
  }
  let first_block = first_channel / 4u;
  // registers
  var to: array<u32, PIXELS>;
  // unroll
  for (var p = 0u; p < PIXELS; p++) {
    let at = grid_pixel(group, lane, p);
    let y = at.y * params.out_stride_y + params.out_start_y;
    let x_ = at.x * params.out_stride_x + params.out_start_x;
    to[p] = (at.image * params.out_blocks + first_block) * out_pixels + y * params.out_width + x_;
    if (VOLUME) {
      to[p] += (at.z * params.out_stride_z + params.out_start_z) * out_plane;
    }
  }
  // A loop whose end is not constant, so that drivers keep it: they make each store a loop over the
  // lanes, and all stores written out take as long to compile as the loop above.
  let blocks = min(OUT_CHANNELS / 4u, max(params.out_blocks, first_block) - first_block);
  for (var b = 0u; b < blocks; b++) {
    var offset = vec4f();
    if (params.has_bias != 0u) {
      // unroll
      for (var k = 0u; k < 4u; k++) {
        let channel = first_channel + b * 4u + k;
        if (channel < params.out_channels) {
          offset[k] = bias[channel];
        }
      }
    }
    // unroll
    for (var p = 0u; p < PIXELS; p++) {
      // registers
      var value: array<f32, 4>;
      // unroll
      for (var k = 0u; k < 4u; k++) {
        value[k] = sum[p][k];
        // unroll
        for (var group = 1u; group < OUT_CHANNELS / 4u; group++) {
          value[k] = select(value[k], sum[p][group * 4u + k], b == group);
        }
      }
      if (grid_pixel(group, lane, p).image < params.images) {
        let total = vec4f(value[0], value[1], value[2], value[3]) + offset;
        output[to[p] + b * out_pixels] = total;
      }
    }
  }
}
