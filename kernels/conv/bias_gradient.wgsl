// Bias gradient of a convolution: dB[k] = sum over n, p, q of dY[n][k][p][q], dY as [N][K/4][P*Q][4].
// `shares` sums every SHARES-th pixel of a block of channels, `collect` adds the shares in order.

const LANES: u32 = 16u;
const SHARES: u32 = 64u;

struct Params {
  images: u32,
  blocks: u32,
  pixels: u32,
  channels: u32,
  accumulate: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
// texels
@group(0) @binding(1) var<storage, read> out_gradient: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> sums: array<vec4f>;
@group(0) @binding(3) var<storage, read> partial: array<f32>;
@group(0) @binding(4) var<storage, read_write> gradient: array<f32>;

@compute @workgroup_size(LANES)
fn shares(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let share = workgroup.x * LANES + lane;
  if (share >= SHARES) {
    return;
  }
  var sum = vec4f();
  for (var n = 0u; n < params.images; n++) {
    let plane = (n * params.blocks + workgroup.y) * params.pixels;
    for (var pixel = share; pixel < params.pixels; pixel += SHARES) {
      sum += out_gradient[plane + pixel];
    }
  }
  sums[share * params.blocks + workgroup.y] = sum;
}

@compute @workgroup_size(LANES)
fn collect(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let k = workgroup.x * LANES + lane;
  if (k >= params.channels) {
    return;
  }
  var sum = partial[k];
  for (var share = 1u; share < SHARES; share++) {
    sum += partial[share * params.blocks * 4u + k];
  }
  if (params.accumulate != 0u) {
    gradient[k] += sum;
  } else {
    gradient[k] = sum;
  }
}
