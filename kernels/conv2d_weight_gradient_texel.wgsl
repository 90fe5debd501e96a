// Weight gradient of a 2D convolution on software adapters: operands are texels, each invocation
// keeps 16 x 16 sums in registers and walks over its share of the output pixels, PIXELS at a time.
//
// dW[k][c][ty][tx] = sum over n, p, q of dY[n][k][p][q] * X[n][c][p * stride + ty - pad][...]
//
// Row 0 of both textures stays zero, data follow as [N][blocks][H][W]. A column is a block of four
// input channels at one tap, the tap running fastest, so that the lanes of a workgroup read
// neighbouring pixels. Invocation (column group, channel group) takes COLUMNS columns and OUT_BLOCKS
// blocks of output channels; workgroup_id.y takes a share of the pixels and writes its partial sums
// to partial[share] in the order of weight_layout.ts: conv2d_weights.wgsl adds the shares in order.

const LANES: u32 = 16u;
const COLUMNS: u32 = 4u;
const OUT_BLOCKS: u32 = 4u;
const PIXELS: u32 = 4u;
const ROW_BITS: u32 = 11u;
const ROW_MASK: u32 = (1u << ROW_BITS) - 1u;

struct Params {
  in_blocks: u32,
  in_height: u32,
  in_width: u32,
  out_blocks: u32,
  out_height: u32,
  out_width: u32,
  taps_y: u32,
  taps_x: u32,
  stride_y: u32,
  stride_x: u32,
  pad_y: u32,
  pad_x: u32,
  pixels: u32,
  share: u32,
  column_groups: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var input: texture_storage_2d<rgba32float, read>;
@group(0) @binding(2) var out_gradient: texture_storage_2d<rgba32float, read>;
@group(0) @binding(3) var<storage, read_write> partial: array<vec4f>;

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
  var tap_y: array<i32, COLUMNS>;
  // registers
  var tap_x: array<i32, COLUMNS>;
  // registers
  var offset: array<i32, COLUMNS>;

  let invocation = workgroup.x * LANES + lane;
  let channel_group = invocation / params.column_groups;
  let column_group = invocation - channel_group * params.column_groups;
  let first_block = channel_group * OUT_BLOCKS;
  let taps = params.taps_y * params.taps_x;
  let in_pixels = params.in_height * params.in_width;
  let out_pixels = params.out_height * params.out_width;

  // unroll
  for (var j = 0u; j < COLUMNS; j++) {
    let column = column_group * COLUMNS + j;
    let block = min(column / taps, params.in_blocks - 1u);
    let tap = column % taps;
    tap_y[j] = i32(tap / params.taps_x) - i32(params.pad_y);
    tap_x[j] = i32(tap % params.taps_x) - i32(params.pad_x);
    offset[j] = i32(ROW_MASK + 1u + block * in_pixels) + tap_y[j] * i32(params.in_width) + tap_x[j];
  }

  let first = workgroup.y * params.share;
  let end = min(first + params.share, params.pixels);
  var n = first / out_pixels;
  var p = (first - n * out_pixels) / params.out_width;
  var q = first - n * out_pixels - p * params.out_width;

  for (var pixel = first; pixel < end; pixel += PIXELS) {
    // unroll
    for (var u = 0u; u < PIXELS; u++) {
      let valid = pixel + u < end;
      let y = i32(p * params.stride_y);
      let x_ = i32(q * params.stride_x);
      let origin = i32(n * params.in_blocks * in_pixels) + y * i32(params.in_width) + x_;
      let source = ROW_MASK + 1u + (n * params.out_blocks + first_block) * out_pixels +
        p * params.out_width + q;
      // unroll
      for (var b = 0u; b < OUT_BLOCKS; b++) {
        let at = select(0u, source + b * out_pixels, valid && first_block + b < params.out_blocks);
        g[u][b] = textureLoad(out_gradient, vec2u(at & ROW_MASK, at >> ROW_BITS));
      }
      // unroll
      for (var j = 0u; j < COLUMNS; j++) {
        let inside = valid && u32(y + tap_y[j]) < params.in_height &&
          u32(x_ + tap_x[j]) < params.in_width;
        let at = select(0u, u32(origin + offset[j]), inside);
        x[u][j] = textureLoad(input, vec2u(at & ROW_MASK, at >> ROW_BITS));
      }
      q += 1u;
      let row_ends = q == params.out_width;
      q = select(q, 0u, row_ends);
      p = select(p, p + 1u, row_ends);
      let image_ends = p == params.out_height;
      p = select(p, 0u, image_ends);
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
  let first_texel = workgroup.y * params.out_blocks * columns * 4u;
  // See conv2d_texel.wgsl.
  let blocks = min(OUT_BLOCKS, max(params.out_blocks, first_block) - first_block);
  for (var b = 0u; b < blocks; b++) {
    // unroll
    for (var j = 0u; j < COLUMNS; j++) {
      let column = column_group * COLUMNS + j;
      let to = first_texel + ((first_block + b) * columns + column) * 4u;
      // unroll
      for (var k = 0u; k < 4u; k++) {
        var value = sum[k][j];
        // unroll
        for (var from = 1u; from < OUT_BLOCKS; from++) {
          value = select(value, sum[from * 4u + k][j], b == from);
        }
        if (column < columns) {
          partial[to + k] = value;
        }
      }
    }
  }
}
