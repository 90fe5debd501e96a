// Between activations [N][BLOCKS][PIXELS] vec4f, four channels of a pixel, and rows of numbers in
// PyTorch's order, [N][ROW]: channel after channel, pixel after pixel. Grid: chunks of pixels,
// channel blocks, images.

// Invocations of a workgroup, and pixels that it handles.
const LANES: u32 = 16u;
const CHUNK: u32 = 16u;
const CHANNELS: u32 = 1u;
const BLOCKS: u32 = 1u;
const PIXELS: u32 = 64u;
// Numbers of a row, and the place of the first channel in it.
const ROW: u32 = 64u;
const FIRST: u32 = 0u;

@group(0) @binding(0) var<storage, read> activation_in: array<vec4f>;
@group(0) @binding(1) var<storage, read_write> rows_out: array<f32>;
@group(0) @binding(2) var<storage, read> rows_in: array<f32>;
@group(0) @binding(3) var<storage, read_write> activation_out: array<vec4f>;

// Place of a channel's first pixel.
fn place(image: u32, channel: u32) -> u32 { return image * ROW + FIRST + channel * PIXELS; }

@compute @workgroup_size(LANES)
fn to_rows(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let base = (group.z * BLOCKS + group.y) * PIXELS;
  let end = min(group.x * CHUNK + CHUNK, PIXELS);
  for (var p = group.x * CHUNK + lane; p < end; p += LANES) {
    let values = activation_in[base + p];
    for (var k = 0u; k < 4u; k++) {
      let channel = 4u * group.y + k;
      if (channel < CHANNELS) { rows_out[place(group.z, channel) + p] = values[k]; }
    }
  }
}

// Padding channels become 0.
@compute @workgroup_size(LANES)
fn from_rows(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let base = (group.z * BLOCKS + group.y) * PIXELS;
  let end = min(group.x * CHUNK + CHUNK, PIXELS);
  for (var p = group.x * CHUNK + lane; p < end; p += LANES) {
    var values = vec4f(0.0);
    for (var k = 0u; k < 4u; k++) {
      let channel = 4u * group.y + k;
      if (channel < CHANNELS) { values[k] = rows_in[place(group.z, channel) + p]; }
    }
    activation_out[base + p] = values;
  }
}
