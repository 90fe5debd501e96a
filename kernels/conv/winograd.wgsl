// Transforms of Winograd's F(4x4, 3x3): Y = A' [ (G g G') * (B' d B) ] A, the products summed over
// channels by 36 matrix multiplications (winograd_multiply.wgsl).
//
// B' = [4  0 -5  0 1 0; 0 -4 -4 1 1 0; 0 4 -4 -1 1 0; 0 -2 -1 2 1 0; 0 2 -1 -2 1 0; 0 4 0 -5 0 1]
// G  = [1/4 0 0; -1/6 -1/6 -1/6; -1/6 1/6 -1/6; 1/24 1/12 1/6; 1/24 -1/12 1/6; 0 0 1]
// A' = [1 1 1 1 1 0; 0 1 -1 2 -2 0; 0 1 1 4 4 0; 0 1 -1 8 -8 1]
//
// The weight gradient is the adjoint: dW = G' [ (A dY A') * (B' d B) summed over tiles ] G.
//
// A tile is a 4 x 4 patch of the output; tiles count (n, tile row, tile column). Transformed
// operands are [36][channel block][pitch] vec4s over tiles, zero behind the last tile.

const LANES: u32 = 16u;
const ROW_BITS: u32 = 11u;
const ROW_MASK: u32 = (1u << ROW_BITS) - 1u;
const FLIPPED: bool = false;
const ACCUMULATE: bool = false;
// Channels do not fill their blocks of four: padding of the gradient is set to zero.
const PARTIAL_BLOCK: bool = false;

struct Params {
  // Activation [images][blocks][height][width] whose tiles are made or written, and the zeros on its
  // upper and left side.
  images: u32,
  blocks: u32,
  height: u32,
  width: u32,
  pad_y: u32,
  pad_x: u32,

  // Tiles of an image along y and x, and vec4s from one channel block of transformed tiles to the next.
  tiles_y: u32,
  tiles_x: u32,
  pitch: u32,

  // Weights [out_channels][in_channels][3][3]: texel of the first; whether there is a bias (0: none).
  out_channels: u32,
  in_channels: u32,
  weights_first: u32,
  has_bias: u32,

  // Weight gradient: products [slices][36][rows][columns], rows >= out_channels, columns >= input blocks.
  slices: u32,
  rows: u32,
  columns: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var pixels: texture_storage_2d<rgba32float, read>;
@group(0) @binding(2) var<storage, read_write> transformed: array<vec4f>;
// texels
@group(0) @binding(3) var<storage, read> products: array<vec4f>;
@group(0) @binding(4) var<storage, read> bias: array<f32>;
@group(0) @binding(5) var<storage, read_write> output: array<vec4f>;
@group(0) @binding(6) var weights: texture_storage_2d<rgba32float, read>;
// texels
@group(0) @binding(7) var<storage, read_write> gradient: array<vec4f>;

struct Tile {
  n: u32,
  y: i32,
  x: i32,
}

// First output pixel of a tile.
fn tile_at(index: u32) -> Tile {
  let row = index / params.tiles_x;
  let n = row / params.tiles_y;
  return Tile(
    n,
    i32((row - n * params.tiles_y) * 4u),
    i32((index - row * params.tiles_x) * 4u),
  );
}

// Texel of a pixel, 0 (which is zero) outside the image or behind the last one.
fn texel_at(n: u32, block: u32, y: i32, x: i32) -> vec2u {
  let inside = n < params.images && u32(y) < params.height && u32(x) < params.width;
  let plane = (n * params.blocks + block) * params.height * params.width;
  let at = ROW_MASK + 1u + plane + u32(y) * params.width + u32(x);
  let texel = select(0u, at, inside);
  return vec2u(texel & ROW_MASK, texel >> ROW_BITS);
}

// V = B' d B of the input.
@compute @workgroup_size(LANES)
fn input_tiles(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  // registers
  var half: array<array<vec4f, 6>, 6>;
  let index = workgroup.x * LANES + lane;
  let block = workgroup.y;
  let tile = tile_at(index);
  let top = tile.y - i32(params.pad_y);
  let left = tile.x - i32(params.pad_x);
  // unroll
  for (var j = 0; j < 6; j++) {
    let d0 = textureLoad(pixels, texel_at(tile.n, block, top, left + j));
    let d1 = textureLoad(pixels, texel_at(tile.n, block, top + 1, left + j));
    let d2 = textureLoad(pixels, texel_at(tile.n, block, top + 2, left + j));
    let d3 = textureLoad(pixels, texel_at(tile.n, block, top + 3, left + j));
    let d4 = textureLoad(pixels, texel_at(tile.n, block, top + 4, left + j));
    let d5 = textureLoad(pixels, texel_at(tile.n, block, top + 5, left + j));
    half[0][j] = 4.0 * d0 - 5.0 * d2 + d4;
    half[1][j] = (d4 - 4.0 * d2) + (d3 - 4.0 * d1);
    half[2][j] = (d4 - 4.0 * d2) - (d3 - 4.0 * d1);
    half[3][j] = (d4 - d2) + 2.0 * (d3 - d1);
    half[4][j] = (d4 - d2) - 2.0 * (d3 - d1);
    half[5][j] = 4.0 * d1 - 5.0 * d3 + d5;
  }
  if (index < params.pitch) {
    // unroll
    for (var i = 0; i < 6; i++) {
      let d0 = half[i][0];
      let d1 = half[i][1];
      let d2 = half[i][2];
      let d3 = half[i][3];
      let d4 = half[i][4];
      let d5 = half[i][5];
      let plane = params.blocks * params.pitch;
      let to = (u32(i) * 6u * params.blocks + block) * params.pitch + index;
      transformed[to] = 4.0 * d0 - 5.0 * d2 + d4;
      transformed[to + plane] = (d4 - 4.0 * d2) + (d3 - 4.0 * d1);
      transformed[to + 2u * plane] = (d4 - 4.0 * d2) - (d3 - 4.0 * d1);
      transformed[to + 3u * plane] = (d4 - d2) + 2.0 * (d3 - d1);
      transformed[to + 4u * plane] = (d4 - d2) - 2.0 * (d3 - d1);
      transformed[to + 5u * plane] = 4.0 * d1 - 5.0 * d3 + d5;
    }
  }
}

// A dY A' of the output's gradient.
@compute @workgroup_size(LANES)
fn gradient_tiles(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  // registers
  var half: array<array<vec4f, 4>, 6>;
  let index = workgroup.x * LANES + lane;
  let block = workgroup.y;
  let tile = tile_at(index);
  // unroll
  for (var j = 0; j < 4; j++) {
    let y0 = textureLoad(pixels, texel_at(tile.n, block, tile.y, tile.x + j));
    let y1 = textureLoad(pixels, texel_at(tile.n, block, tile.y + 1, tile.x + j));
    let y2 = textureLoad(pixels, texel_at(tile.n, block, tile.y + 2, tile.x + j));
    let y3 = textureLoad(pixels, texel_at(tile.n, block, tile.y + 3, tile.x + j));
    half[0][j] = y0;
    half[1][j] = (y0 + y2) + (y1 + y3);
    half[2][j] = (y0 + y2) - (y1 + y3);
    half[3][j] = (y0 + 4.0 * y2) + (2.0 * y1 + 8.0 * y3);
    half[4][j] = (y0 + 4.0 * y2) - (2.0 * y1 + 8.0 * y3);
    half[5][j] = y3;
  }
  if (index < params.pitch) {
    // unroll
    for (var i = 0; i < 6; i++) {
      let y0 = half[i][0];
      let y1 = half[i][1];
      let y2 = half[i][2];
      let y3 = half[i][3];
      let plane = params.blocks * params.pitch;
      let to = (u32(i) * 6u * params.blocks + block) * params.pitch + index;
      transformed[to] = y0;
      transformed[to + plane] = (y0 + y2) + (y1 + y3);
      transformed[to + 2u * plane] = (y0 + y2) - (y1 + y3);
      transformed[to + 3u * plane] = (y0 + 4.0 * y2) + (2.0 * y1 + 8.0 * y3);
      transformed[to + 4u * plane] = (y0 + 4.0 * y2) - (2.0 * y1 + 8.0 * y3);
      transformed[to + 5u * plane] = y3;
    }
  }
}

// Y = A' m A + bias.
@compute @workgroup_size(LANES)
fn output_tiles(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  // registers
  var half: array<array<vec4f, 6>, 4>;
  let index = workgroup.x * LANES + lane;
  let block = workgroup.y;
  let tile = tile_at(index);
  if (tile.n >= params.images) {
    return;
  }
  let plane = params.blocks * params.pitch;
  // unroll
  for (var j = 0u; j < 6u; j++) {
    let at = (j * params.blocks + block) * params.pitch + index;
    let m0 = products[at];
    let m1 = products[at + 6u * plane];
    let m2 = products[at + 12u * plane];
    let m3 = products[at + 18u * plane];
    let m4 = products[at + 24u * plane];
    let m5 = products[at + 30u * plane];
    half[0u][j] = m0 + (m1 + m2) + (m3 + m4);
    half[1u][j] = (m1 - m2) + 2.0 * (m3 - m4);
    half[2u][j] = (m1 + m2) + 4.0 * (m3 + m4);
    half[3u][j] = (m1 - m2) + 8.0 * (m3 - m4) + m5;
  }
  var offset = vec4f();
  if (params.has_bias != 0u) {
    // unroll
    for (var i = 0u; i < 4u; i++) {
      if (block * 4u + i < params.out_channels) {
        offset[i] = bias[block * 4u + i];
      }
    }
  }
  let origin = ((tile.n * params.blocks + block) * params.height + u32(tile.y)) * params.width +
    u32(tile.x);
  // unroll
  for (var i = 0u; i < 4u; i++) {
    let m0 = half[i][0];
    let m1 = half[i][1];
    let m2 = half[i][2];
    let m3 = half[i][3];
    let m4 = half[i][4];
    let m5 = half[i][5];
    if (u32(tile.y) + i < params.height) {
      let to = origin + i * params.width;
      let room = params.width - u32(tile.x);
      output[to] = (m0 + (m1 + m2) + (m3 + m4)) + offset;
      if (room > 1u) {
        output[to + 1u] = ((m1 - m2) + 2.0 * (m3 - m4)) + offset;
      }
      if (room > 2u) {
        output[to + 2u] = ((m1 + m2) + 4.0 * (m3 + m4)) + offset;
      }
      if (room > 3u) {
        output[to + 3u] = ((m1 - m2) + 8.0 * (m3 - m4) + m5) + offset;
      }
    }
  }
}

// U = G g G' of every weight, four input channels a vector, or, FLIPPED, of the kernel rotated by 180
// degrees. Weights are in the order of weight_layout.ts, U likewise: [36][K/4][C/4][4 k].
@compute @workgroup_size(LANES)
fn weight_tiles(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(num_workgroups) grid: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  // registers
  var half: array<array<vec4f, 3>, 6>;
  let in_blocks = (params.in_channels + 3u) / 4u;
  let item = (workgroup.y * grid.x + workgroup.x) * LANES + lane;
  let plane = (params.out_channels + 3u) / 4u * in_blocks * 4u;
  if (item >= plane) {
    return;
  }
  // unroll
  for (var j = 0u; j < 3u; j++) {
    // registers
    var g: array<vec4f, 3>;
    // unroll
    for (var i = 0u; i < 3u; i++) {
      var tap = i * 3u + j;
      if (FLIPPED) {
        tap = 8u - i * 3u - j;
      }
      let at = params.weights_first + (item / 4u * 9u + tap) * 4u + item % 4u;
      g[i] = textureLoad(weights, vec2u(at & ROW_MASK, at >> ROW_BITS));
    }
    half[0][j] = 0.25 * g[0];
    half[1][j] = (g[0] + g[2] + g[1]) / -6.0;
    half[2][j] = (g[0] + g[2] - g[1]) / -6.0;
    half[3][j] = (g[0] + 4.0 * g[2] + 2.0 * g[1]) / 24.0;
    half[4][j] = (g[0] + 4.0 * g[2] - 2.0 * g[1]) / 24.0;
    half[5][j] = g[2];
  }
  // unroll
  for (var i = 0u; i < 6u; i++) {
    let g0 = half[i][0];
    let g1 = half[i][1];
    let g2 = half[i][2];
    let row = item + i * 6u * plane;
    transformed[row] = 0.25 * g0;
    transformed[row + plane] = (g0 + g2 + g1) / -6.0;
    transformed[row + 2u * plane] = (g0 + g2 - g1) / -6.0;
    transformed[row + 3u * plane] = (g0 + 4.0 * g2 + 2.0 * g1) / 24.0;
    transformed[row + 4u * plane] = (g0 + 4.0 * g2 - 2.0 * g1) / 24.0;
    transformed[row + 5u * plane] = g2;
  }
}

// dW = G' u G; products are [slice][36][k][input block], added slice by slice.
@compute @workgroup_size(LANES)
fn weight_gradient(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  // registers
  var half: array<array<vec4f, 6>, 3>;
  // registers
  var u: array<array<vec4f, 6>, 6>;
  let block = workgroup.x * LANES + lane;
  let k = workgroup.y;
  if (block * 4u >= params.in_channels) {
    return;
  }
  // One loop over all elements: 36 loops of one element each take drivers twenty times as long to compile.
  for (var slice = 0u; slice < params.slices; slice++) {
    // unroll
    for (var i = 0u; i < 6u; i++) {
      // unroll
      for (var j = 0u; j < 6u; j++) {
        u[i][j] += products[
          ((slice * 36u + i * 6u + j) * params.rows + k) * params.columns + block
        ];
      }
    }
  }
  // unroll
  for (var j = 0u; j < 6u; j++) {
    half[0u][j] = 0.25 * u[0][j] - (u[1][j] + u[2][j]) / 6.0 + (u[3][j] + u[4][j]) / 24.0;
    half[1u][j] = (u[2][j] - u[1][j]) / 6.0 + (u[3][j] - u[4][j]) / 12.0;
    half[2u][j] = ((u[3][j] + u[4][j]) - (u[1][j] + u[2][j])) / 6.0 + u[5][j];
  }
  // unroll
  for (var i = 0u; i < 3u; i++) {
    let u0 = half[i][0];
    let u1 = half[i][1];
    let u2 = half[i][2];
    let u3 = half[i][3];
    let u4 = half[i][4];
    let u5 = half[i][5];
    var w0 = 0.25 * u0 - (u1 + u2) / 6.0 + (u3 + u4) / 24.0;
    var w1 = (u2 - u1) / 6.0 + (u3 - u4) / 12.0;
    var w2 = ((u3 + u4) - (u1 + u2)) / 6.0 + u5;
    if (PARTIAL_BLOCK) {
      let c = vec4u(block * 4u) + vec4u(0u, 1u, 2u, 3u);
      let exists = (c < vec4u(params.in_channels)) & vec4<bool>(k < params.out_channels);
      w0 = select(vec4f(), w0, exists);
      w1 = select(vec4f(), w1, exists);
      w2 = select(vec4f(), w2, exists);
    }
    let in_blocks = (params.in_channels + 3u) / 4u;
    let to = ((k / 4u * in_blocks + block) * 9u + i * 3u) * 4u + k % 4u;
    if (ACCUMULATE) {
      gradient[to] = gradient[to] + w0;
      gradient[to + 4u] = gradient[to + 4u] + w1;
      gradient[to + 8u] = gradient[to + 8u] + w2;
    } else {
      gradient[to] = w0;
      gradient[to + 4u] = w1;
      gradient[to + 8u] = w2;
    }
  }
}
