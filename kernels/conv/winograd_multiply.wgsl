// The 36 matrix products of Winograd's convolution on software adapters, one a workgroup_id.z.
// Operands are read from storage textures, sums stay in registers: see direct.wgsl.

const LANES: u32 = 16u;
const TILES: u32 = 16u;
const OUT_CHANNELS: u32 = 32u;
const ROW_BITS: u32 = 11u;
const ROW_MASK: u32 = (1u << ROW_BITS) - 1u;
// The data gradient, which reduces over the weights' output channels.
const TRANSPOSED: bool = false;

struct Params {
  // Tiles of all images, and vec4s from one channel block of tiles or products to the next.
  tiles: u32,
  pitch: u32,

  // Blocks of four channels that are summed over, and that are computed.
  in_blocks: u32,
  out_blocks: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var tiles: texture_storage_2d<rgba32float, read>;
@group(0) @binding(2) var weights: texture_storage_2d<rgba32float, read>;
@group(0) @binding(3) var<storage, read_write> products: array<vec4f>;

// products[z][k][tile] = sum over c of weights[z][k][c] * tiles[z][c][tile]; weights are
// [36][K/4][C/4][4 k] texels of four c.
@compute @workgroup_size(LANES)
fn main(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  // registers
  var sum: array<array<f32, OUT_CHANNELS>, TILES>;
  // registers
  var w: array<vec4f, 4>;
  // registers
  var x: array<vec4f, TILES>;

  let first_channel = workgroup.y * OUT_CHANNELS;
  let first_tile = workgroup.x * (LANES * TILES) + lane;
  var tile_at = workgroup.z * params.in_blocks * params.pitch + first_tile;
  // Texels from one block of output channels to the next, and from one reduced block to the next.
  var out_step = params.in_blocks * 4u;
  var in_step = 4u;
  if (TRANSPOSED) {
    out_step = 4u;
    in_step = params.out_blocks * 4u;
  }
  var weight_at = workgroup.z * params.in_blocks * params.out_blocks * 4u +
    first_channel / 4u * out_step;
  for (var block = 0u; block < params.in_blocks; block++) {
    // unroll
    for (var t = 0u; t < TILES; t++) {
      let at = tile_at + t * LANES;
      x[t] = textureLoad(tiles, vec2u(at & ROW_MASK, at >> ROW_BITS));
    }
    // unroll
    for (var first = 0u; first < OUT_CHANNELS; first += 4u) {
      // unroll
      for (var k = 0u; k < 4u; k++) {
        let at = weight_at + first / 4u * out_step + k;
        w[k] = textureLoad(weights, vec2u(at & ROW_MASK, at >> ROW_BITS));
      }
      // unroll
      for (var t = 0u; t < TILES; t++) {
        // unroll
        for (var k = 0u; k < 4u; k++) {
          if (TRANSPOSED) {
            sum[t][first + k] += (x[t].x * w[0][k] + x[t].y * w[1][k]) +
              (x[t].z * w[2][k] + x[t].w * w[3][k]);
          } else {
            sum[t][first + k] += (x[t].x * w[k].x + x[t].y * w[k].y) +
              (x[t].z * w[k].z + x[t].w * w[k].w);
          }
        }
      }
    }
    tile_at += params.pitch;
    weight_at += in_step;
  }

  // A loop that drivers keep: see the end of direct.wgsl.
  let first_block = first_channel / 4u;
  let blocks = min(OUT_CHANNELS / 4u, params.out_blocks - first_block);
  for (var b = 0u; b < blocks; b++) {
    let plane = (workgroup.z * params.out_blocks + first_block + b) * params.pitch;
    // unroll
    for (var t = 0u; t < TILES; t++) {
      // registers
      var value: array<f32, 4>;
      // unroll
      for (var k = 0u; k < 4u; k++) {
        value[k] = sum[t][k];
        // unroll
        for (var group = 1u; group < OUT_CHANNELS / 4u; group++) {
          value[k] = select(value[k], sum[t][group * 4u + k], b == group);
        }
      }
      let tile = first_tile + t * LANES;
      if (tile < params.tiles) {
        products[plane + tile] = vec4f(value[0], value[1], value[2], value[3]);
      }
    }
  }
}
