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
  // Activation [images][blocks][height][width] whose tiles are made or written, and the zeros on
  // its upper and left side.
  images: u32,
  blocks: u32,
  height: u32,
  width: u32,
  pad_y: u32,
  pad_x: u32,

  // Tiles of an image along y and x, and vec4s from one channel block of transformed tiles to the
  // next.
  tiles_y: u32,
  tiles_x: u32,
  pitch: u32,

  // Weights [out_channels][in_channels][3][3]: texel of the first; whether there is a bias (0:
  // none).
  out_channels: u32,
  in_channels: u32,
  weights_first: u32,
  has_bias: u32,

  // Weight gradient: products [slices][36][rows][columns], rows >= out_channels, columns >= input
  // blocks.
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

// A column or a row of a tile or of a kernel.
alias Three = array<vec4f, 3>;
alias Four = array<vec4f, 4>;
alias Six = array<vec4f, 6>;

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

// The matrices, times a column or a row. Entries apply them to columns first (`v`),
// then to rows.

// B' d: input.
fn transform_input(d: Six) -> Six {
  return Six(
    4.0 * d[0] - 5.0 * d[2] + d[4],
    (d[4] - 4.0 * d[2]) + (d[3] - 4.0 * d[1]),
    (d[4] - 4.0 * d[2]) - (d[3] - 4.0 * d[1]),
    (d[4] - d[2]) + 2.0 * (d[3] - d[1]),
    (d[4] - d[2]) - 2.0 * (d[3] - d[1]),
    4.0 * d[1] - 5.0 * d[3] + d[5],
  );
}

// A y: gradient of the output.
fn transform_gradient(y: Four) -> Six {
  return Six(
    y[0],
    (y[0] + y[2]) + (y[1] + y[3]),
    (y[0] + y[2]) - (y[1] + y[3]),
    (y[0] + 4.0 * y[2]) + (2.0 * y[1] + 8.0 * y[3]),
    (y[0] + 4.0 * y[2]) - (2.0 * y[1] + 8.0 * y[3]),
    y[3],
  );
}

// A' m: sums of products, into the output.
fn transform_output(m: Six) -> Four {
  return Four(
    m[0] + (m[1] + m[2]) + (m[3] + m[4]),
    (m[1] - m[2]) + 2.0 * (m[3] - m[4]),
    (m[1] + m[2]) + 4.0 * (m[3] + m[4]),
    (m[1] - m[2]) + 8.0 * (m[3] - m[4]) + m[5],
  );
}

// G g: weights.
fn transform_weights(g: Three) -> Six {
  return Six(
    0.25 * g[0],
    (g[0] + g[2] + g[1]) / -6.0,
    (g[0] + g[2] - g[1]) / -6.0,
    (g[0] + 4.0 * g[2] + 2.0 * g[1]) / 24.0,
    (g[0] + 4.0 * g[2] - 2.0 * g[1]) / 24.0,
    g[2],
  );
}

// G' u: sums of products, into the weight gradient.
fn transform_weight_gradient(u: Six) -> Three {
  return Three(
    0.25 * u[0] - (u[1] + u[2]) / 6.0 + (u[3] + u[4]) / 24.0,
    (u[2] - u[1]) / 6.0 + (u[3] - u[4]) / 12.0,
    ((u[3] + u[4]) - (u[1] + u[2])) / 6.0 + u[5],
  );
}

// V = B' d B of the input.
@compute @workgroup_size(LANES)
fn input_tiles(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let index = workgroup.x * LANES + lane;
  let block = workgroup.y;
  let tile = tile_at(index);
  // registers
  var v: array<Six, 6>;
  // unroll
  for (var j = 0; j < 6; j++) {
    // registers
    var d: array<vec4f, 6>;
    // unroll
    for (var i = 0; i < 6; i++) {
      let y = tile.y - i32(params.pad_y) + i;
      let x = tile.x - i32(params.pad_x) + j;
      d[i] = textureLoad(pixels, texel_at(tile.n, block, y, x));
    }
    v[j] = transform_input(Six(d[0], d[1], d[2], d[3], d[4], d[5]));
  }
  if (index < params.pitch) {
    let plane = params.blocks * params.pitch;
    // unroll
    for (var i = 0u; i < 6u; i++) {
      let row = transform_input(Six(v[0][i], v[1][i], v[2][i], v[3][i], v[4][i], v[5][i]));
      let to = i * 6u * plane + block * params.pitch + index;
      // unroll
      for (var j = 0u; j < 6u; j++) {
        transformed[to + j * plane] = row[j];
      }
    }
  }
}

// A dY A' of the output's gradient.
@compute @workgroup_size(LANES)
fn gradient_tiles(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let index = workgroup.x * LANES + lane;
  let block = workgroup.y;
  let tile = tile_at(index);
  // registers
  var v: array<Six, 4>;
  // unroll
  for (var j = 0; j < 4; j++) {
    // registers
    var y: array<vec4f, 4>;
    // unroll
    for (var i = 0; i < 4; i++) {
      y[i] = textureLoad(pixels, texel_at(tile.n, block, tile.y + i, tile.x + j));
    }
    v[j] = transform_gradient(Four(y[0], y[1], y[2], y[3]));
  }
  if (index < params.pitch) {
    let plane = params.blocks * params.pitch;
    // unroll
    for (var i = 0u; i < 6u; i++) {
      let row = transform_gradient(Four(v[0][i], v[1][i], v[2][i], v[3][i]));
      let to = i * 6u * plane + block * params.pitch + index;
      // unroll
      for (var j = 0u; j < 6u; j++) {
        transformed[to + j * plane] = row[j];
      }
    }
  }
}

// Y = A' m A + bias.
@compute @workgroup_size(LANES)
fn output_tiles(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let index = workgroup.x * LANES + lane;
  let block = workgroup.y;
  let tile = tile_at(index);
  if (tile.n >= params.images) {
    return;
  }
  let plane = params.blocks * params.pitch;
  // registers
  var v: array<Four, 6>;
  // unroll
  for (var j = 0u; j < 6u; j++) {
    let at = (j * params.blocks + block) * params.pitch + index;
    v[j] = transform_output(Six(
      products[at],
      products[at + 6u * plane],
      products[at + 12u * plane],
      products[at + 18u * plane],
      products[at + 24u * plane],
      products[at + 30u * plane],
    ));
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
    let row = transform_output(Six(v[0][i], v[1][i], v[2][i], v[3][i], v[4][i], v[5][i]));
    if (u32(tile.y) + i < params.height) {
      // unroll
      for (var j = 0u; j < 4u; j++) {
        if (u32(tile.x) + j < params.width) {
          output[origin + i * params.width + j] = row[j] + offset;
        }
      }
    }
  }
}

// U = G g G' of every weight, four input channels a vector, or, FLIPPED, of the kernel rotated by
// 180 degrees. Weights are in the order of weight_layout.ts, U likewise: [36][K/4][C/4][4 k].
@compute @workgroup_size(LANES)
fn weight_tiles(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(num_workgroups) workgroups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let in_blocks = (params.in_channels + 3u) / 4u;
  let item = (workgroup.y * workgroups.x + workgroup.x) * LANES + lane;
  let plane = (params.out_channels + 3u) / 4u * in_blocks * 4u;
  if (item >= plane) {
    return;
  }
  // registers
  var v: array<Six, 3>;
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
    v[j] = transform_weights(Three(g[0], g[1], g[2]));
  }
  // unroll
  for (var i = 0u; i < 6u; i++) {
    let row = transform_weights(Three(v[0][i], v[1][i], v[2][i]));
    // unroll
    for (var j = 0u; j < 6u; j++) {
      transformed[item + (i * 6u + j) * plane] = row[j];
    }
  }
}

// dW = G' u G; products are [slice][36][k][input block], added slice by slice.
@compute @workgroup_size(LANES)
fn weight_gradient(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  // registers
  var u: array<array<vec4f, 6>, 6>;
  let block = workgroup.x * LANES + lane;
  let k = workgroup.y;
  if (block * 4u >= params.in_channels) {
    return;
  }
  // One loop over all elements: 36 loops of one element each take drivers twenty times as long to
  // compile.
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
  // registers
  var v: array<Three, 6>;
  // unroll
  for (var j = 0u; j < 6u; j++) {
    v[j] = transform_weight_gradient(Six(u[0][j], u[1][j], u[2][j], u[3][j], u[4][j], u[5][j]));
  }
  let in_blocks = (params.in_channels + 3u) / 4u;
  // unroll
  for (var i = 0u; i < 3u; i++) {
    let row = transform_weight_gradient(Six(v[0][i], v[1][i], v[2][i], v[3][i], v[4][i], v[5][i]));
    // unroll
    for (var j = 0u; j < 3u; j++) {
      var w = row[j];
      if (PARTIAL_BLOCK) {
        let c = vec4u(block * 4u) + vec4u(0u, 1u, 2u, 3u);
        let exists = (c < vec4u(params.in_channels)) & vec4<bool>(k < params.out_channels);
        w = select(vec4f(), w, exists);
      }
      let to = ((k / 4u * in_blocks + block) * 9u + i * 3u + j) * 4u + k % 4u;
      if (ACCUMULATE) {
        gradient[to] = gradient[to] + w;
      } else {
        gradient[to] = w;
      }
    }
  }
}
