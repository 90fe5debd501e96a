// Weights for the implicit GEMM, from the order of weight_layout.ts into vec4s of four reduced
// channels:
//   packed[(tap * blocks + block) * padded_channels + channel], then the bias.
// `pack` reduces over input channels for every output channel; `pack_transposed`, for the data
// gradient, reduces over output channels for every input channel.

const LANES: u32 = 64u;

struct Params {
  // Weights [out_channels][4 in_blocks][kernel_taps]; in_blocks includes a linear layer's
  // positions.
  out_channels: u32,
  in_blocks: u32,
  kernel_height: u32,
  kernel_width: u32,
  kernel_taps: u32,

  // Taps that are packed: all, along y and along x; tap (z, y, x) is at first + (z, y, x) * step in
  // the kernel.
  taps: u32,
  taps_y: u32,
  taps_x: u32,
  first_z: i32,
  first_y: i32,
  first_x: i32,
  step_z: i32,
  step_y: i32,
  step_x: i32,

  // Channels of a row of `packed`, and whether there is a bias (0: zeros).
  padded_channels: u32,
  has_bias: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> weights: array<vec4f>;
@group(0) @binding(2) var<storage, read> bias: array<f32>;
@group(0) @binding(3) var<storage, read_write> packed: array<vec4f>;

fn kernel_tap(tap: u32) -> u32 {
  let row = tap / params.taps_x;
  let z = params.first_z + i32(row / params.taps_y) * params.step_z;
  let y = params.first_y + i32(row % params.taps_y) * params.step_y;
  let x = params.first_x + i32(tap % params.taps_x) * params.step_x;
  return (u32(z) * params.kernel_height + u32(y)) * params.kernel_width + u32(x);
}

fn weight_at(out_block: u32, in_block: u32, tap: u32) -> u32 {
  return ((out_block * params.in_blocks + in_block) * params.kernel_taps + tap) * 4u;
}

@compute @workgroup_size(LANES)
fn pack(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let k = workgroup.x * LANES + lane;
  let block = workgroup.y;
  if (k >= params.padded_channels) {
    return;
  }
  for (var tap = 0u; tap < params.taps; tap++) {
    var value = vec4f();
    if (k < params.out_channels) {
      value = weights[weight_at(k / 4u, block, kernel_tap(tap)) + k % 4u];
    }
    packed[(tap * params.in_blocks + block) * params.padded_channels + k] = value;
  }
  if (block == 0u && k % 4u == 0u) {
    var value = vec4f();
    // unroll
    for (var i = 0u; i < 4u; i++) {
      if (params.has_bias != 0u && k + i < params.out_channels) {
        value[i] = bias[k + i];
      }
    }
    packed[params.taps * params.in_blocks * params.padded_channels + k / 4u] = value;
  }
}

@compute @workgroup_size(LANES)
fn pack_transposed(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let channel = workgroup.x * LANES + lane;
  let block = workgroup.y;
  let blocks = (params.out_channels + 3u) / 4u;
  if (channel >= params.padded_channels) {
    return;
  }
  for (var tap = 0u; tap < params.taps; tap++) {
    var value = vec4f();
    if (channel / 4u < params.in_blocks) {
      let at = weight_at(block, channel / 4u, kernel_tap(tap));
      // unroll
      for (var i = 0u; i < 4u; i++) {
        value[i] = weights[at + i][channel % 4u];
      }
    }
    packed[(tap * blocks + block) * params.padded_channels + channel] = value;
  }
  if (block == 0u && channel % 4u == 0u) {
    packed[params.taps * blocks * params.padded_channels + channel / 4u] = vec4f();
  }
}
