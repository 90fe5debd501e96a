// Sums over the pixels of each channel, and products of activations with one number a channel.
// Activations are [N][BLOCKS][PIXELS] vec4f: four channels of a pixel; channel numbers [N][BLOCKS].
//
// Sums take two passes, sum_parts -> merge: one part (a workgroup) sums SPAN pixels of a channel
// block of an image, and the parts are merged in order, so the result does not depend on
// scheduling.

// Invocations of a workgroup.
const LANES: u32 = 16u;
// Blocks of four channels.
const BLOCKS: u32 = 1u;
const PIXELS: u32 = 64u;
// Parts of a channel block, and pixels of a part; the last one may have fewer.
const PARTS: u32 = 1u;
const SPAN: u32 = 64u;
// Pixels that one workgroup of `scale` handles.
const CHUNK: u32 = 16u;
// sum_parts: sums x * factor rather than x.
const PRODUCTS: bool = false;
// merge: divides by the number of pixels.
const MEAN: bool = false;

// texels
@group(0) @binding(0) var<storage, read> x: array<vec4f>;
// texels
@group(0) @binding(1) var<storage, read> factor: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> partials_out: array<vec4f>;
@group(0) @binding(3) var<storage, read> partials_in: array<vec4f>;
@group(0) @binding(4) var<storage, read_write> sums: array<vec4f>;
@group(0) @binding(5) var<storage, read> channel_factor: array<vec4f>;
@group(0) @binding(6) var<storage, read_write> y: array<vec4f>;

var<workgroup> shared_sums: array<vec4f, LANES>;

// Grid: parts, channel blocks, images.
@compute @workgroup_size(LANES)
fn sum_parts(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let channels = group.z * BLOCKS + group.y;
  let end = min(group.x * SPAN + SPAN, PIXELS);
  var sum = vec4f(0.0);
  for (var p = group.x * SPAN + lane; p < end; p += LANES) {
    let at = channels * PIXELS + p;
    if (PRODUCTS) { sum += x[at] * factor[at]; } else { sum += x[at]; }
  }
  shared_sums[lane] = sum;
  workgroupBarrier();
  for (var stride = LANES / 2u; stride > 0u; stride /= 2u) {
    if (lane < stride) { shared_sums[lane] = shared_sums[lane] + shared_sums[lane + stride]; }
    workgroupBarrier();
  }
  if (lane == 0u) { partials_out[channels * PARTS + group.x] = shared_sums[0]; }
}

// One invocation a channel block of an image.
@compute @workgroup_size(LANES)
fn merge(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let channels = (group.y * groups.x + group.x) * LANES + lane;
  if (channels >= arrayLength(&sums)) { return; }
  var sum = vec4f(0.0);
  for (var part = 0u; part < PARTS; part++) { sum += partials_in[channels * PARTS + part]; }
  if (MEAN) { sums[channels] = sum / f32(PIXELS); } else { sums[channels] = sum; }
}

// y = x * channel_factor. Grid: chunks of pixels, channel blocks, images.
@compute @workgroup_size(LANES)
fn scale(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let channels = group.z * BLOCKS + group.y;
  let end = min(group.x * CHUNK + CHUNK, PIXELS);
  let by = channel_factor[channels];
  for (var p = group.x * CHUNK + lane; p < end; p += LANES) {
    y[channels * PIXELS + p] = x[channels * PIXELS + p] * by;
  }
}
