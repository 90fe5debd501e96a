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

//
// Where four channels and all their taps stand side by side (WHOLE), an invocation takes them as vec4s
// and turns them in registers.

const LANES: u32 = 16u;
const WHOLE: bool = false;
// params.taps, for WHOLE.
const TAPS: u32 = 9u;

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
// texels
@group(0) @binding(4) var<storage, read> partial: array<vec4f>;
@group(0) @binding(5) var<storage, read_write> gradient: array<f32>;
// texels
@group(0) @binding(6) var<storage, read> weight_vectors: array<vec4f>;
@group(0) @binding(7) var<storage, read_write> gradient_vectors: array<vec4f>;

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
  if (WHOLE) {
    // registers
    var found: array<vec4f, TAPS>;
    let first = (k * blocks + block) * TAPS;
    // unroll
    for (var v = 0u; v < TAPS; v++) {
      var value = vec4f();
      if (k < params.out_channels) {
        value = weight_vectors[first + v];
      }
      found[v] = value;
    }
    // unroll
    for (var tap = 0u; tap < TAPS; tap++) {
      packed[(tap * blocks + block) * params.padded + k] = vec4f(
        found[tap / 4u][tap % 4u],
        found[(TAPS + tap) / 4u][(TAPS + tap) % 4u],
        found[(2u * TAPS + tap) / 4u][(2u * TAPS + tap) % 4u],
        found[(3u * TAPS + tap) / 4u][(3u * TAPS + tap) % 4u],
      );
    }
  } else {
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

// `pack_transposed` where all taps are used and WHOLE holds: an invocation turns 4 x 4 channels.
@compute @workgroup_size(LANES)
fn turn(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  // registers
  var found: array<array<vec4f, TAPS>, 4>;
  let in_block = workgroup.x * LANES + lane;
  let block = workgroup.y;
  let blocks = (params.out_channels + 3u) / 4u;
  if (in_block >= params.padded / 4u) {
    return;
  }
  let exists = in_block < in_blocks();
  // unroll
  for (var i = 0u; i < 4u; i++) {
    let k = block * 4u + i;
    let first = (k * in_blocks() + in_block) * TAPS;
    // unroll
    for (var v = 0u; v < TAPS; v++) {
      var value = vec4f();
      if (exists && k < params.out_channels) {
        value = weight_vectors[first + v];
      }
      found[i][v] = value;
    }
  }
  // unroll
  for (var tap = 0u; tap < TAPS; tap++) {
    let at = ((TAPS - 1u - tap) * blocks + block) * params.padded + in_block * 4u;
    // unroll
    for (var c = 0u; c < 4u; c++) {
      packed[at + c] = vec4f(
        found[0][(c * TAPS + tap) / 4u][(c * TAPS + tap) % 4u],
        found[1][(c * TAPS + tap) / 4u][(c * TAPS + tap) % 4u],
        found[2][(c * TAPS + tap) / 4u][(c * TAPS + tap) % 4u],
        found[3][(c * TAPS + tap) / 4u][(c * TAPS + tap) % 4u],
      );
    }
  }
  if (block == 0u) {
    packed[TAPS * blocks * params.padded + in_block] = vec4f();
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
  if (WHOLE) {
    // registers
    var sum: array<vec4f, TAPS>;
    let k = t / in_blocks();
    if (k >= params.out_channels) {
      return;
    }
    let first = k * params.row_stride + t % in_blocks() * TAPS;
    // unroll
    for (var tap = 0u; tap < TAPS; tap++) {
      sum[tap] = partial[first + tap];
    }
    for (var share = 1u; share < params.shares; share++) {
      // unroll
      for (var tap = 0u; tap < TAPS; tap++) {
        sum[tap] += partial[share * params.share_stride + first + tap];
      }
    }
    // unroll
    for (var v = 0u; v < TAPS; v++) {
      var value = vec4f(
        sum[4u * v % TAPS][4u * v / TAPS],
        sum[(4u * v + 1u) % TAPS][(4u * v + 1u) / TAPS],
        sum[(4u * v + 2u) % TAPS][(4u * v + 2u) / TAPS],
        sum[(4u * v + 3u) % TAPS][(4u * v + 3u) / TAPS],
      );
      if (params.accumulate != 0u) {
        value += gradient_vectors[t * TAPS + v];
      }
      gradient_vectors[t * TAPS + v] = value;
    }
  } else {
    add_columns(t);
  }
}

fn add_columns(t: u32) {
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
