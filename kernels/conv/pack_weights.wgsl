// Weights, which stand in the order of weight_layout.ts, for the tiled convolutions, and the sum of
// partial weight gradients.
//
// `pack` and `pack_transposed` write vec4s of four reduced channels:
//   packed[(tap * blocks + block) * padded + channel], then the bias, four channels a vec4.
// `pack` reduces over input channels for every output channel; `pack_transposed`, for the data
// gradient, reduces over output channels for every input channel, at the taps first + i * step.

const LANES: u32 = 64u;
const ACCUMULATE: bool = false;
// Channels don't fill their tiles: what stands beside them stays zero.
const RAGGED: bool = false;

struct Params {
  out_channels: u32,
  // Blocks of four, a linear layer's positions included.
  in_blocks: u32,
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
  // collect: input channels and positions, which in_blocks are made of; vec4s of a gradient; shares.
  in_channels: u32,
  positions: u32,
  vectors: u32,
  shares: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> weights: array<vec4f>;
@group(0) @binding(2) var<storage, read> bias: array<f32>;
@group(0) @binding(3) var<storage, read_write> packed: array<vec4f>;
// texels
@group(0) @binding(4) var<storage, read> partial: array<vec4f>;
// texels
@group(0) @binding(5) var<storage, read_write> gradient: array<vec4f>;

fn used_tap(used: u32) -> u32 {
  let y = params.first_y + i32(used / params.used_x) * params.step_y;
  let x = params.first_x + i32(used % params.used_x) * params.step_x;
  return u32(y) * params.taps_x + u32(x);
}

fn weight_at(out_block: u32, in_block: u32, tap: u32) -> u32 {
  return ((out_block * params.in_blocks + in_block) * params.taps + tap) * 4u;
}

@compute @workgroup_size(LANES)
fn pack(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let k = workgroup.x * LANES + lane;
  let block = workgroup.y;
  if (k >= params.padded) {
    return;
  }
  for (var used = 0u; used < params.used; used++) {
    var value = vec4f();
    if (k < params.out_channels) {
      value = weights[weight_at(k / 4u, block, used_tap(used)) + k % 4u];
    }
    packed[(used * params.in_blocks + block) * params.padded + k] = value;
  }
  if (block == 0u && k % 4u == 0u) {
    var value = vec4f();
    // unroll
    for (var i = 0u; i < 4u; i++) {
      if (params.has_bias != 0u && k + i < params.out_channels) {
        value[i] = bias[k + i];
      }
    }
    packed[params.used * params.in_blocks * params.padded + k / 4u] = value;
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
  for (var used = 0u; used < params.used; used++) {
    var value = vec4f();
    if (channel / 4u < params.in_blocks) {
      let at = weight_at(block, channel / 4u, used_tap(used));
      // unroll
      for (var i = 0u; i < 4u; i++) {
        value[i] = weights[at + i][channel % 4u];
      }
    }
    packed[(used * blocks + block) * params.padded + channel] = value;
  }
  if (block == 0u && channel % 4u == 0u) {
    packed[params.used * blocks * params.padded + channel / 4u] = vec4f();
  }
}

// gradient = partial[0] + partial[1] + ..., added to what stands there when ACCUMULATE.
@compute @workgroup_size(LANES)
fn collect(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(num_workgroups) grid: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let at = (workgroup.y * grid.x + workgroup.x) * LANES + lane;
  if (at >= params.vectors) {
    return;
  }
  var sum = partial[at];
  for (var share = 1u; share < params.shares; share++) {
    sum += partial[share * params.vectors + at];
  }
  if (RAGGED) {
    let tile = at / 4u / params.taps;
    let k = tile / params.in_blocks * 4u + at % 4u;
    let c = vec4u(tile % params.in_blocks / params.positions * 4u) + vec4u(0u, 1u, 2u, 3u);
    let exists = (c < vec4u(params.in_channels)) & vec4<bool>(k < params.out_channels);
    sum = select(vec4f(), sum, exists);
  }
  if (ACCUMULATE) {
    sum += gradient[at];
  }
  gradient[at] = sum;
}
