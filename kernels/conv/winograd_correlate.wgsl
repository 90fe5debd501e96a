// The 36 matrix products of Winograd's weight gradient on software adapters: for each of the 36
// elements (workgroup_id.z), output channels x input blocks over a slice (workgroup_id.y) of the
// tiles. Operands are read from storage textures, sums stay in registers: see
// direct_weight_gradient.wgsl.
//
// products[slice][element][k][input block] = sum over tiles of dY[element][k][tile] *
// X[element][...]

const LANES: u32 = 16u;
const COLUMNS: u32 = 4u;
const OUT_BLOCKS: u32 = 4u;
const TILES: u32 = 4u;
const ROW_BITS: u32 = 11u;
const ROW_MASK: u32 = (1u << ROW_BITS) - 1u;

struct Params {
  // Tiles of all images, of a slice, and vec4s from one channel block of an operand to the next.
  tiles: u32,
  slice_tiles: u32,
  pitch: u32,

  // Blocks of four channels, and groups of COLUMNS and OUT_BLOCKS of them.
  in_blocks: u32,
  out_blocks: u32,
  column_groups: u32,
  channel_groups: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var input: texture_storage_2d<rgba32float, read>;
@group(0) @binding(2) var out_gradient: texture_storage_2d<rgba32float, read>;
@group(0) @binding(3) var<storage, read_write> products: array<vec4f>;

@compute @workgroup_size(LANES)
fn main(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  // registers
  var sum: array<array<vec4f, COLUMNS>, OUT_BLOCKS * 4u>;
  // registers
  var x: array<array<vec4f, COLUMNS>, TILES>;
  // registers
  var g: array<array<vec4f, OUT_BLOCKS>, TILES>;
  // registers
  var x_at: array<u32, COLUMNS>;
  // registers
  var g_at: array<u32, OUT_BLOCKS>;

  let invocation = workgroup.x * LANES + lane;
  let channel_group = invocation / params.column_groups;
  let column_group = invocation - channel_group * params.column_groups;
  let first = workgroup.y * params.slice_tiles;
  let end = min(first + params.slice_tiles, params.tiles);
  // unroll
  for (var j = 0u; j < COLUMNS; j++) {
    let block = min(column_group * COLUMNS + j, params.in_blocks - 1u);
    x_at[j] = (workgroup.z * params.in_blocks + block) * params.pitch;
  }
  // unroll
  for (var b = 0u; b < OUT_BLOCKS; b++) {
    let block = min(channel_group * OUT_BLOCKS + b, params.out_blocks - 1u);
    g_at[b] = (workgroup.z * params.out_blocks + block) * params.pitch;
  }

  for (var tile = first; tile < end; tile += TILES) {
    // unroll
    for (var j = 0u; j < COLUMNS; j++) {
      // unroll
      for (var u = 0u; u < TILES; u++) {
        let at = x_at[j] + tile + u;
        x[u][j] = textureLoad(input, vec2u(at & ROW_MASK, at >> ROW_BITS));
      }
    }
    // unroll
    for (var b = 0u; b < OUT_BLOCKS; b++) {
      // unroll
      for (var u = 0u; u < TILES; u++) {
        let at = g_at[b] + tile + u;
        g[u][b] = textureLoad(out_gradient, vec2u(at & ROW_MASK, at >> ROW_BITS));
      }
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

  // A loop that drivers keep: see the end of direct.wgsl.
  let columns = params.column_groups * COLUMNS;
  let rows = params.channel_groups * OUT_BLOCKS * 4u;
  let first_row = (workgroup.y * 36u + workgroup.z) * rows;
  let first_channel = channel_group * OUT_BLOCKS * 4u;
  let end_channel = min(first_channel + OUT_BLOCKS * 4u, rows);
  for (var channel = first_channel; channel < end_channel; channel += 4u) {
    // unroll
    for (var k = 0u; k < 4u; k++) {
      let to = (first_row + channel + k) * columns + column_group * COLUMNS;
      // unroll
      for (var j = 0u; j < COLUMNS; j++) {
        var value = sum[k][j];
        // unroll
        for (var group = 4u; group < OUT_BLOCKS * 4u; group += 4u) {
          value = select(value, sum[group + k][j], channel - first_channel == group);
        }
        products[to + j] = value;
      }
    }
  }
}
