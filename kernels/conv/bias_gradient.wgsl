// Bias gradient of a convolution: dB[k] = sum over n, p, q of dY[n][k][p][q], dY as
// [N][K/4][P*Q][4]. `sum_slices` sums every SLICES-th pixel of a block of channels, `sum_partials`
// adds the slices in order.

const LANES: u32 = 16u;
const SLICES: u32 = 64u;

struct Params {
  // Output gradient [images][blocks][pixels] vec4s.
  images: u32,
  blocks: u32,
  pixels: u32,

  // Channels of the gradient, and whether to add to what is there (0: replace it).
  channels: u32,
  accumulate: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
// texels
@group(0) @binding(1) var<storage, read> out_gradient: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> partials_out: array<vec4f>;
@group(0) @binding(3) var<storage, read> partials_in: array<f32>;
@group(0) @binding(4) var<storage, read_write> gradient: array<f32>;

@compute @workgroup_size(LANES)
fn sum_slices(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let slice = workgroup.x * LANES + lane;
  if (slice >= SLICES) {
    return;
  }
  var sum = vec4f();
  for (var n = 0u; n < params.images; n++) {
    let plane = (n * params.blocks + workgroup.y) * params.pixels;
    var pixel = slice;
    // Four a turn, since a turn of a loop costs some drivers as much as a few reads.
    while (pixel + 3u * SLICES < params.pixels) {
      sum += out_gradient[plane + pixel];
      sum += out_gradient[plane + pixel + SLICES];
      sum += out_gradient[plane + pixel + 2u * SLICES];
      sum += out_gradient[plane + pixel + 3u * SLICES];
      pixel += 4u * SLICES;
    }
    while (pixel < params.pixels) {
      sum += out_gradient[plane + pixel];
      pixel += SLICES;
    }
  }
  partials_out[slice * params.blocks + workgroup.y] = sum;
}

@compute @workgroup_size(LANES)
fn sum_partials(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let k = workgroup.x * LANES + lane;
  if (k >= params.channels) {
    return;
  }
  var sum = partials_in[k];
  for (var slice = 1u; slice < SLICES; slice++) {
    sum += partials_in[slice * params.blocks * 4u + k];
  }
  if (params.accumulate != 0u) {
    gradient[k] += sum;
  } else {
    gradient[k] = sum;
  }
}
