// Exchanges pairs of boxes of [batch][DEPTH][HEIGHT][WIDTH] floats, one after another, in place.
// The boxes of a pair don't overlap. One workgroup a sample: pairs overlap with others.

// Invocations of the workgroup.
const LANES: u32 = 64u;
// Of an item; an image has one plane.
const DEPTH: u32 = 1u;
const HEIGHT: u32 = 8u;
const WIDTH: u32 = 8u;
// Pixels of a box along z, y, x, and pairs.
const BOX_Z: u32 = 1u;
const BOX_Y: u32 = 2u;
const BOX_X: u32 = 2u;
const PAIRS: u32 = 1u;

const PLANE: u32 = HEIGHT * WIDTH;
const PIXELS: u32 = DEPTH * PLANE;
const BOX: u32 = BOX_Z * BOX_Y * BOX_X;

@group(0) @binding(0) var<storage, read_write> y: array<f32>;
// [batch][PAIRS]: the first pixels of both boxes; equal ones leave the sample.
@group(0) @binding(1) var<storage, read> pairs: array<vec2u>;

@compute @workgroup_size(LANES)
fn swap(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  for (var pair = 0u; pair < PAIRS; pair++) {
    let corners = group.z * PIXELS + pairs[group.z * PAIRS + pair];
    if (corners.x != corners.y) {
      for (var i = lane; i < BOX; i += LANES) {
        let within = i / (BOX_Y * BOX_X) * PLANE + i / BOX_X % BOX_Y * WIDTH + i % BOX_X;
        let first = y[corners.x + within];
        y[corners.x + within] = y[corners.y + within];
        y[corners.y + within] = first;
      }
    }
    storageBarrier();
  }
}
