// Bias gradient of a convolution: dB[k] = sum over n and pixels of dY[n][k][pixel], dY as
// [N][K/4][pixels][4]. An invocation of `sum_slices` sums every slices-th pixel of a block of
// channels; where SHARED, a workgroup adds the sums of its invocations. `sum_partials` adds what is
// left. The order of the sums depends on the shape alone.

const LANES: u32 = 16u;
const SHARED: bool = false;
// Invocations of a workgroup of `sum_partials`.
const MERGE_LANES: u32 = 1u;

struct Params {
  // Output gradient [images][blocks][pixels] vec4s.
  images: u32,
  blocks: u32,
  pixels: u32,
  // Without the padding of the last block.
  channels: u32,

  // Slices of the pixels, and partial sums of each channel.
  slices: u32,
  partials: u32,

  // Whether to add to the gradient that is there (0: replace it).
  accumulate: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
// texels
@group(0) @binding(1) var<storage, read> out_gradient: array<vec4f>;
// [partials][blocks]
@group(0) @binding(2) var<storage, read_write> partials_out: array<vec4f>;
@group(0) @binding(3) var<storage, read> partials_in: array<vec4f>;
@group(0) @binding(4) var<storage, read_write> gradient: array<f32>;

var<workgroup> shared_sums: array<vec4f, LANES>;
var<workgroup> merged_sums: array<vec4f, MERGE_LANES>;

@compute @workgroup_size(LANES)
fn sum_slices(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let slice = workgroup.x * LANES + lane;
  var sum = vec4f();
  for (var n = 0u; n < params.images; n++) {
    let plane = (n * params.blocks + workgroup.y) * params.pixels;
    var pixel = slice;
    // Four a turn, since a turn of a loop costs some drivers as much as a few reads.
    while (pixel + 3u * params.slices < params.pixels) {
      sum += out_gradient[plane + pixel];
      sum += out_gradient[plane + pixel + params.slices];
      sum += out_gradient[plane + pixel + 2u * params.slices];
      sum += out_gradient[plane + pixel + 3u * params.slices];
      pixel += 4u * params.slices;
    }
    while (pixel < params.pixels) {
      sum += out_gradient[plane + pixel];
      pixel += params.slices;
    }
  }
  if (SHARED) {
    shared_sums[lane] = sum;
    workgroupBarrier();
    for (var stride = LANES / 2u; stride > 0u; stride /= 2u) {
      if (lane < stride) {
        shared_sums[lane] += shared_sums[lane + stride];
      }
      workgroupBarrier();
    }
    if (lane == 0u) {
      partials_out[workgroup.x * params.blocks + workgroup.y] = shared_sums[0];
    }
  } else if (slice < params.slices) {
    partials_out[slice * params.blocks + workgroup.y] = sum;
  }
}

@compute @workgroup_size(MERGE_LANES)
fn sum_partials(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let block = workgroup.x;
  var sum = vec4f();
  for (var at = lane; at < params.partials; at += MERGE_LANES) {
    sum += partials_in[at * params.blocks + block];
  }
  merged_sums[lane] = sum;
  workgroupBarrier();
  for (var stride = MERGE_LANES / 2u; stride > 0u; stride /= 2u) {
    if (lane < stride) {
      merged_sums[lane] += merged_sums[lane + stride];
    }
    workgroupBarrier();
  }
  if (lane > 0u) {
    return;
  }
  sum = merged_sums[0];
  for (var i = 0u; i < 4u; i++) {
    let k = block * 4u + i;
    if (k < params.channels) {
      if (params.accumulate != 0u) {
        gradient[k] += sum[i];
      } else {
        gradient[k] = sum[i];
      }
    }
  }
}
