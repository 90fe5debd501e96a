// Gaussian smoothing along one axis, each sample by its own deviation, as scipy's gaussian_filter:
// cut at four deviations, scaled to sum 1, reflected at the outer edges of the outermost pixels.
// [batch][PIXELS] floats x -> y. Grid: chunks of pixels, 1, samples.

// Invocations of a workgroup, and pixels that it handles.
const LANES: u32 = 16u;
const CHUNK: u32 = 16u;
const PIXELS: u32 = 64u;
// Pixels along the axis, and from one to the next.
const EXTENT: u32 = 8u;
const STRIDE: u32 = 1u;
// Which of a sample's three deviations.
const AXIS: u32 = 0u;

// x by fours: software adapters read a texel in the time of a number.
// texels
@group(0) @binding(0) var<storage, read> fours: array<vec4f>;
@group(0) @binding(1) var<storage, read_write> y: array<f32>;
// [batch][3]: deviations along z, y, x in pixels; 0 leaves the axis.
@group(0) @binding(2) var<storage, read> deviations: array<f32>;

fn number(at: u32) -> f32 {
  let four = fours[at >> 2u];
  let pair = select(four.xy, four.zw, (at & 2u) == 2u);
  return select(pair.x, pair.y, (at & 1u) == 1u);
}

// Reflects at the outer edges of the first and last pixel: (d c b a | a b c d | d c b a).
fn reflected(at: i32, size: i32) -> i32 {
  let once = select(at, -1 - at, at < 0);
  let twice = select(once, 2 * size - 1 - once, once >= size);
  if (twice >= 0 && twice < size) { return twice; }
  let period = 2 * size;
  let within = ((at % period) + period) % period;
  return select(within, period - 1 - within, within >= size);
}

@compute @workgroup_size(LANES)
fn blur(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let deviation = deviations[group.z * 3u + AXIS];
  let reach = i32(floor(4.0 * deviation + 0.5));
  let steepness = -0.5 / max(deviation * deviation, 1e-12);
  let base = group.z * PIXELS;
  let end = min(group.x * CHUNK + CHUNK, PIXELS);
  for (var p = group.x * CHUNK + lane; p < end; p += LANES) {
    let place = p / STRIDE % EXTENT;
    let line = base + p - place * STRIDE;
    var sum = number(base + p);
    var weights = 1.0;
    for (var d = 1; d <= reach; d++) {
      let weight = exp(steepness * f32(d * d));
      let before = u32(reflected(i32(place) - d, i32(EXTENT)));
      let behind = u32(reflected(i32(place) + d, i32(EXTENT)));
      sum += weight * (number(line + before * STRIDE) + number(line + behind * STRIDE));
      weights += 2.0 * weight;
    }
    y[base + p] = sum / weights;
  }
}
