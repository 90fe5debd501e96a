// A convolution with one input channel, whose vec4s would be three quarters padding, as one with
// more channels: the taps along x become channels. What a row of the kernel meets at output column
// q is one pixel of the folded input,
//
//   F[n][s][z][y][q] = X[n][0][z][y][q * stride_x + s - pad_x],
//
// so that the kernel of taps_z x taps_y x taps_x is one of taps_z x taps_y x 1 over F. Where X has
// several channels they are all the same: the weights of F are sums over them, and each of them has
// the gradient of the sum.

const LANES: u32 = 64u;
// Pixels of F that a workgroup makes.
const CHUNK: u32 = 64u;
// Channels of X, at most 4.
const CHANNELS: u32 = 1u;
const ACCUMULATE: bool = false;

struct Params {
  // X is [images][1][image_rows][in_width], F [images][blocks][image_rows][out_width].
  images: u32,
  image_rows: u32,
  in_width: u32,
  out_width: u32,
  blocks: u32,

  // The kernel along x.
  taps_x: u32,
  stride_x: u32,
  pad_x: u32,

  // Weights of X are [out_blocks][1][tap_rows][taps_x], those of F [out_blocks][blocks][tap_rows],
  // tiles of four output and four input channels each.
  out_blocks: u32,
  tap_rows: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
// texels
@group(0) @binding(1) var<storage, read> input: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> folded_input: array<vec4f>;
// texels
@group(0) @binding(3) var<storage, read> weights: array<vec4f>;
@group(0) @binding(4) var<storage, read_write> folded_weights: array<vec4f>;
// texels
@group(0) @binding(5) var<storage, read> folded_gradient: array<vec4f>;
// texels
@group(0) @binding(6) var<storage, read_write> gradient: array<vec4f>;

// F. Grid: chunks of pixels, blocks, images. An invocation makes four channels of every LANES-th
// pixel, and counts rows instead of dividing, which takes most drivers long.
@compute @workgroup_size(LANES)
fn fold_input(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let pixels = params.image_rows * params.out_width;
  let base = (group.z * params.blocks + group.y) * pixels;
  let end = min(group.x * CHUNK + CHUNK, pixels);
  let first_tap = group.y * 4u;
  let first = group.x * CHUNK + lane;
  var row = first / params.out_width;
  var column = first - row * params.out_width;
  for (var p = first; p < end; p += LANES) {
    let source = (group.z * params.image_rows + row) * params.in_width;
    let left = column * params.stride_x + first_tap - params.pad_x;
    var value = vec4f();
    // unroll
    for (var i = 0u; i < 4u; i++) {
      // u32 has no negative numbers, they turn into very large ones.
      let x = left + i;
      let inside = first_tap + i < params.taps_x && x < params.in_width;
      value[i] = select(0.0, input[source + select(0u, x, inside)].x, inside);
    }
    folded_input[base + p] = value;
    column += LANES;
    while (column >= params.out_width) {
      column -= params.out_width;
      row++;
    }
  }
}

// The weights of F. An invocation makes four input channels of an output channel and a tap.
@compute @workgroup_size(LANES)
fn fold_weights(
  @builtin(global_invocation_id) id: vec3u,
  @builtin(num_workgroups) workgroups: vec3u,
) {
  let to = id.y * workgroups.x * LANES + id.x;
  let tile = to / 4u;
  let tap_row = tile % params.tap_rows;
  let block = tile / params.tap_rows % params.blocks;
  let out_block = tile / params.tap_rows / params.blocks;
  if (out_block >= params.out_blocks) {
    return;
  }
  var value = vec4f();
  // unroll
  for (var i = 0u; i < 4u; i++) {
    let tap_x = block * 4u + i;
    if (tap_x < params.taps_x) {
      let source = (out_block * params.tap_rows + tap_row) * params.taps_x + tap_x;
      let of_channels = weights[source * 4u + to % 4u];
      value[i] = of_channels.x;
      // unroll
      for (var c = 1u; c < CHANNELS; c++) {
        value[i] += of_channels[c];
      }
    }
  }
  folded_weights[to] = value;
}

// The gradient of X's weights from that of F's. An invocation makes the weights of all channels.
@compute @workgroup_size(LANES)
fn unfold_gradient(
  @builtin(global_invocation_id) id: vec3u,
  @builtin(num_workgroups) workgroups: vec3u,
) {
  let to = id.y * workgroups.x * LANES + id.x;
  let tile = to / 4u;
  let tap_x = tile % params.taps_x;
  let tap_row = tile / params.taps_x % params.tap_rows;
  let out_block = tile / params.taps_x / params.tap_rows;
  if (out_block >= params.out_blocks) {
    return;
  }
  let source = (out_block * params.blocks + tap_x / 4u) * params.tap_rows + tap_row;
  let value = folded_gradient[source * 4u + to % 4u][tap_x % 4u];
  let of_channels = select(vec4f(), vec4f(value), vec4u(0u, 1u, 2u, 3u) < vec4u(CHANNELS));
  if (ACCUMULATE) {
    gradient[to] = gradient[to] + of_channels;
  } else {
    gradient[to] = of_channels;
  }
}
