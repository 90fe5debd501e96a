// The items of a batch, one channel each, as augmentation takes them:
// [items][PIXELS] floats in the order of `order` -> [batch][PIXELS], min-max normalised.
// Grid: chunks of pixels, 1, samples.

struct Params {
  // Number of the step, from 0, and the training's seed.
  step: u32,
  seed: u32,
  // Place of the batch's first sample in `order`.
  first: u32,
}

// Invocations of a workgroup, and pixels that it handles.
const LANES: u32 = 16u;
const CHUNK: u32 = 16u;
const PIXELS: u32 = 64u;
const NORMALISED: bool = true;
// The data hold this batch alone, so `order` is read from its start.
const FROM_START: bool = false;

@group(0) @binding(0) var<storage, read> data: array<f32>;
@group(0) @binding(1) var<storage, read> order: array<u32>;
// Minimum and range of each item; a range of zero gives a zero item.
@group(0) @binding(2) var<storage, read> ranges: array<vec2f>;
@group(0) @binding(3) var<storage, read_write> y: array<f32>;
@group(0) @binding(4) var<uniform> params: Params;

@compute @workgroup_size(LANES)
fn take(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let item = order[select(params.first, 0u, FROM_START) + group.z];
  var low = 0.0;
  var range = 1.0;
  if (NORMALISED) {
    low = ranges[item].x;
    range = ranges[item].y;
  }
  let end = min(group.x * CHUNK + CHUNK, PIXELS);
  for (var p = group.x * CHUNK + lane; p < end; p += LANES) {
    let v = data[item * PIXELS + p];
    if (NORMALISED) {
      y[group.z * PIXELS + p] = select((v - low) / range, 0.0, range == 0.0);
    } else {
      y[group.z * PIXELS + p] = v;
    }
  }
}
