// Weights between PyTorch's order [K][C][positions][R * S] and the orders that convolutions read.
//
// `pack` and `pack_transposed` write vec4s of four reduced channels:
//   packed[(tap * blocks + block) * padded + channel], then the bias, four channels a vec4.
// `pack` reduces over input channels for every output channel; `pack_transposed`, for the data
// gradient, reduces over output channels for every input channel, at the taps first + i * step.
// `collect` adds partial weight gradients in the order of their shares.
//
// POSITIONS is 1 for a convolution. A linear layer over flattened [C][H][W] has POSITIONS = H * W:
// on the device its features stand in order [C/4][H][W][4], in PyTorch in order [C][H][W].

const LANES: u32 = 16u;

struct Params {
  out_channels: u32,
  in_channels: u32,
  positions: u32,
  taps_x: u32,
  taps: u32,
  used_x: u32,
  used: u32,
  first_y: i32,
  first_x: i32,
  step_y: i32,
  step_x: i32,
  padded: u32,
  has_bias: u32,
  shares: u32,
  share_stride: u32,
  row_stride: u32,
  accumulate: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> weights: array<f32>;
@group(0) @binding(2) var<storage, read> bias: array<f32>;
@group(0) @binding(3) var<storage, read_write> packed: array<vec4f>;
@group(0) @binding(4) var<storage, read> partial: array<vec4f>;
@group(0) @binding(5) var<storage, read_write> gradient: array<f32>;

fn weight_at(k: u32, block: u32, lane: u32, tap: u32) -> u32 {
  let c = (block / params.positions) * 4u + lane;
  let position = block % params.positions;
  return ((k * params.in_channels + c) * params.positions + position) * params.taps + tap;
}

fn has_channel(block: u32, lane: u32) -> bool {
  return (block / params.positions) * 4u + lane < params.in_channels;
}

fn in_blocks() -> u32 {
  return (params.in_channels + 3u) / 4u * params.positions;
}

// An invocation packs all taps of its weights, which stand side by side.
@compute @workgroup_size(LANES)
fn pack(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let k = workgroup.x * LANES + lane;
  let block = workgroup.y;
  let blocks = in_blocks();
  if (k >= params.padded) {
    return;
  }
  for (var tap = 0u; tap < params.taps; tap++) {
    var value = vec4f();
    // unroll
    for (var i = 0u; i < 4u; i++) {
      if (k < params.out_channels && has_channel(block, i)) {
        value[i] = weights[weight_at(k, block, i, tap)];
      }
    }
    packed[(tap * blocks + block) * params.padded + k] = value;
  }
  if (block == 0u && k % 4u == 0u) {
    var value = vec4f();
    // unroll
    for (var i = 0u; i < 4u; i++) {
      if (params.has_bias != 0u && k + i < params.out_channels) {
        value[i] = bias[k + i];
      }
    }
    packed[(params.taps * blocks) * params.padded + k / 4u] = value;
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
  if (channel >= params.padded) {
    return;
  }
  let exists = channel / 4u < in_blocks() && has_channel(channel / 4u, channel % 4u);
  for (var used = 0u; used < params.used; used++) {
    let tap_y = params.first_y + i32(used / params.used_x) * params.step_y;
    let tap_x = params.first_x + i32(used % params.used_x) * params.step_x;
    let tap = u32(tap_y) * params.taps_x + u32(tap_x);
    var value = vec4f();
    // unroll
    for (var i = 0u; i < 4u; i++) {
      if (exists && block * 4u + i < params.out_channels) {
        value[i] = weights[weight_at(block * 4u + i, channel / 4u, channel % 4u, tap)];
      }
    }
    packed[(used * blocks + block) * params.padded + channel] = value;
  }
  if (block == 0u && channel % 4u == 0u) {
    packed[params.used * blocks * params.padded + channel / 4u] = vec4f();
  }
}

@compute @workgroup_size(LANES)
fn collect(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(num_workgroups) grid: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let t = (workgroup.y * grid.x + workgroup.x) * LANES + lane;
  let columns = in_blocks() * params.taps;
  if (t >= params.out_channels * columns) {
    return;
  }
  let k = t / columns;
  let column = t % columns;
  var total = partial[k * params.row_stride + column];
  for (var share = 1u; share < params.shares; share++) {
    total += partial[share * params.share_stride + k * params.row_stride + column];
  }
  let block = column / params.taps;
  // unroll
  for (var i = 0u; i < 4u; i++) {
    if (has_channel(block, i)) {
      let at = weight_at(k, block, i, column % params.taps);
      if (params.accumulate != 0u) {
        gradient[at] += total[i];
      } else {
        gradient[at] = total[i];
      }
    }
  }
}
