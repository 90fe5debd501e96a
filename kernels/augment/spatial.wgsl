// Changes of place of a batch of items of one channel: [batch][DEPTH][HEIGHT][WIDTH] floats x -> y,
// trilinear (bilinear in images). As in ITK, an axis of n pixels is known at places in
// [-0.5, n - 0.5); the outermost value holds beyond the outermost centres, and outside is the fill.
// A place is (z, y, x) in pixels. Grid: chunks of pixels, 1, samples.

// Invocations of a workgroup, and pixels that it handles.
const LANES: u32 = 16u;
const CHUNK: u32 = 16u;
// Of an item; an image has one plane.
const DEPTH: u32 = 1u;
const HEIGHT: u32 = 8u;
const WIDTH: u32 = 8u;
// affine, deform: outside is a value by sample, not the record's number, or 0.
const FILL_OUTSIDE: bool = true;
// affine: of the item with its axes reversed.
const FLIPPED: bool = false;
// deform, expand: control points along the axes; one along z leaves z alone.
const POINTS_Z: u32 = 1u;
const POINTS_Y: u32 = 7u;
const POINTS_X: u32 = 7u;

const PLANE: u32 = HEIGHT * WIDTH;
const PIXELS: u32 = DEPTH * PLANE;

// Places of y to those of x: x = matrix * y + offset.
struct Affine {
  z: vec4f,
  y: vec4f,
  x: vec4f,
  // x: 1 where the sample is changed; y: what is outside.
  applied_fill: vec4f,
}

// A coarser grid along one axis, and back.
struct Anisotropy {
  // 0, 1, 2: along z, y, x.
  axis: u32,
  // Pixels from one coarse place to the next, 0 leaves the sample; the first coarse place; their
  // count.
  factor: f32,
  origin: f32,
  coarse: u32,
}

@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> y: array<f32>;
// Bits 0, 1, 2 of each sample: reverse z, y, x.
@group(0) @binding(2) var<storage, read> reversals: array<u32>;
@group(0) @binding(3) var<storage, read> maps: array<Affine>;
// Value outside of each sample.
@group(0) @binding(4) var<storage, read> outside: array<f32>;
@group(0) @binding(5) var<storage, read> anisotropies: array<Anisotropy>;
// [batch][POINTS_Z][POINTS_Y][POINTS_X]: displacement (z, y, x) in pixels; w is 1 where the sample
// is changed.
@group(0) @binding(6) var<storage, read> points: array<vec4f>;
// [batch][POINTS_Z][POINTS_Y][WIDTH] and [batch][POINTS_Z][HEIGHT][WIDTH]
// texels
@group(0) @binding(7) var<storage, read> along_x_in: array<vec4f>;
@group(0) @binding(8) var<storage, read_write> along_x_out: array<vec4f>;
// texels
@group(0) @binding(9) var<storage, read> along_y_in: array<vec4f>;
@group(0) @binding(10) var<storage, read_write> along_y_out: array<vec4f>;
// x by fours: software adapters read a texel in the time of a number.
// texels
@group(0) @binding(11) var<storage, read> fours: array<vec4f>;

fn place_of(p: u32) -> vec3u { return vec3u(p / PLANE, p / WIDTH % HEIGHT, p % WIDTH); }

fn number(at: u32) -> f32 {
  let four = fours[at >> 2u];
  let pair = select(four.xy, four.zw, (at & 2u) == 2u);
  return select(pair.x, pair.y, (at & 1u) == 1u);
}

fn interpolate(base: u32, place: vec3f, fill: f32) -> f32 {
  let size = vec3u(DEPTH, HEIGHT, WIDTH);
  let last = vec3f(size - 1u);
  if (any(place < vec3f(-0.5)) || any(place >= last + 0.5)) { return fill; }
  let within = clamp(place, vec3f(0.0), last);
  let cell = min(vec3u(within), size - 1u);
  let share = within - vec3f(cell);
  // A step of 0 keeps neighbours behind the last pixel, whose weight is 0, inside the item.
  let steps = select(vec3u(0u), vec3u(PLANE, WIDTH, 1u), cell + 1u < size);
  let at = base + cell.x * PLANE + cell.y * WIDTH + cell.z;
  let near = vec2f(number(at), number(at + steps.y));
  let near_right = vec2f(number(at + steps.z), number(at + steps.y + steps.z));
  let rows = near + share.z * (near_right - near);
  let front = rows.x + share.y * (rows.y - rows.x);
  if (DEPTH == 1u) { return front; }
  let behind = at + steps.x;
  let far = vec2f(number(behind), number(behind + steps.y));
  let far_right = vec2f(number(behind + steps.z), number(behind + steps.y + steps.z));
  let far_rows = far + share.z * (far_right - far);
  let back = far_rows.x + share.y * (far_rows.y - far_rows.x);
  return front + share.x * (back - front);
}

@compute @workgroup_size(LANES)
fn flip(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let reversed = (vec3u(reversals[group.z]) >> vec3u(0u, 1u, 2u)) & vec3u(1u);
  let size = vec3u(DEPTH, HEIGHT, WIDTH);
  let end = min(group.x * CHUNK + CHUNK, PIXELS);
  for (var p = group.x * CHUNK + lane; p < end; p += LANES) {
    let place = place_of(p);
    let source = select(place, size - 1u - place, reversed == vec3u(1u));
    y[group.z * PIXELS + p] = x[group.z * PIXELS + source.x * PLANE + source.y * WIDTH + source.z];
  }
}

@compute @workgroup_size(LANES)
fn affine(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let base = group.z * PIXELS;
  let map = maps[group.z];
  let last = vec3u(DEPTH, HEIGHT, WIDTH) - 1u;
  var reversed = vec3<bool>(false);
  if (FLIPPED) {
    reversed = ((vec3u(reversals[group.z]) >> vec3u(0u, 1u, 2u)) & vec3u(1u)) == vec3u(1u);
  }
  var fill = map.applied_fill.y;
  if (FILL_OUTSIDE) { fill = outside[group.z]; }
  let end = min(group.x * CHUNK + CHUNK, PIXELS);
  for (var p = group.x * CHUNK + lane; p < end; p += LANES) {
    if (map.applied_fill.x == 1.0) {
      let place = vec4f(vec3f(place_of(p)), 1.0);
      let mapped = vec3f(dot(map.z, place), dot(map.y, place), dot(map.x, place));
      let source = select(mapped, vec3f(last) - mapped, reversed);
      y[base + p] = interpolate(base, source, fill);
    } else {
      let source = select(place_of(p), last - place_of(p), reversed);
      y[base + p] = number(base + source.x * PLANE + source.y * WIDTH + source.z);
    }
  }
}

// Nearest values at the coarse places, then linear interpolation between these; outside is 0.
@compute @workgroup_size(LANES)
fn anisotropy(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let base = group.z * PIXELS;
  let to = anisotropies[group.z];
  let size = vec3u(DEPTH, HEIGHT, WIDTH);
  let end = min(group.x * CHUNK + CHUNK, PIXELS);
  for (var p = group.x * CHUNK + lane; p < end; p += LANES) {
    var v = x[base + p];
    if (to.factor > 0.0) {
      let at = place_of(p)[to.axis];
      let stride = vec3u(PLANE, WIDTH, 1u)[to.axis];
      let last = f32(to.coarse - 1u);
      let place = (f32(at) - to.origin) / to.factor;
      v = 0.0;
      if (place >= -0.5 && place < last + 0.5) {
        let within = clamp(place, 0.0, last);
        let low = floor(within);
        let source = floor(to.origin + to.factor * vec2f(low, min(low + 1.0, last)) + 0.5);
        let nearest = vec2u(clamp(source, vec2f(0.0), vec2f(f32(size[to.axis] - 1u))));
        let line = base + p - at * stride;
        let ends = vec2f(x[line + nearest.x * stride], x[line + nearest.y * stride]);
        v = ends.x + (within - low) * (ends.y - ends.x);
      }
    }
    y[base + p] = v;
  }
}

// Where ITK's grid of control points has pixel `at` of an axis: its domain reaches an eighth of a
// pixel beyond the outer edges of the outermost pixels.
fn grid_place(at: u32, extent: u32, count: u32) -> f32 {
  return (f32(at) + DOMAIN_START) * f32(count - 3u) / (f32(extent) + 2.0 * DOMAIN_MARGIN);
}
const DOMAIN_MARGIN: f32 = 0.125;
const DOMAIN_START: f32 = 0.625;

// Weights of the four control points around a share of a cell: the uniform cubic B-spline.
fn spline(t: f32) -> vec4f {
  let s = 1.0 - t;
  return vec4f(
    s * s * s,
    (3.0 * t - 6.0) * t * t + 4.0,
    (3.0 * s - 6.0) * s * s + 4.0,
    t * t * t,
  ) / 6.0;
}

// First of the four control points, and the share of the cell.
fn cell_of(place: f32, count: u32) -> vec2f {
  let cell = clamp(floor(place), 0.0, f32(count - 4u));
  return vec2f(cell, place - cell);
}

@compute @workgroup_size(LANES)
fn expand_x(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let at = group.x * LANES + lane;
  if (at >= WIDTH) { return; }
  let line = (group.z * POINTS_Z * POINTS_Y + group.y) * POINTS_X;
  let cell = cell_of(grid_place(at, WIDTH, POINTS_X), POINTS_X);
  let first = line + u32(cell.x);
  let w = spline(cell.y);
  along_x_out[(group.z * POINTS_Z * POINTS_Y + group.y) * WIDTH + at] = w.x * points[first] +
    w.y * points[first + 1u] + w.z * points[first + 2u] + w.w * points[first + 3u];
}

@compute @workgroup_size(LANES)
fn expand_y(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let p = group.x * LANES + lane;
  if (p >= PLANE) { return; }
  let plane = group.z * POINTS_Z + group.y;
  let cell = cell_of(grid_place(p / WIDTH, HEIGHT, POINTS_Y), POINTS_Y);
  let first = (plane * POINTS_Y + u32(cell.x)) * WIDTH + p % WIDTH;
  let w = spline(cell.y);
  along_y_out[plane * PLANE + p] = w.x * along_x_in[first] + w.y * along_x_in[first + WIDTH] +
    w.z * along_x_in[first + 2u * WIDTH] + w.w * along_x_in[first + 3u * WIDTH];
}

@compute @workgroup_size(LANES)
fn deform(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let base = group.z * PIXELS;
  var fill = 0.0;
  if (FILL_OUTSIDE) { fill = outside[group.z]; }
  let end = min(group.x * CHUNK + CHUNK, PIXELS);
  for (var p = group.x * CHUNK + lane; p < end; p += LANES) {
    let place = place_of(p);
    let column = group.z * POINTS_Z * PLANE + p % PLANE;
    var moved = vec4f(0.0);
    if (POINTS_Z == 1u) {
      moved = along_y_in[column];
    } else {
      let cell = cell_of(grid_place(place.x, DEPTH, POINTS_Z), POINTS_Z);
      let first = column + u32(cell.x) * PLANE;
      let w = spline(cell.y);
      moved = w.x * along_y_in[first] + w.y * along_y_in[first + PLANE] +
        w.z * along_y_in[first + 2u * PLANE] + w.w * along_y_in[first + 3u * PLANE];
    }
    // The weights add up to 1, and so does w where the sample is changed.
    if (moved.w > 0.5) {
      y[base + p] = interpolate(base, vec3f(place) + moved.xyz, fill);
    } else {
      y[base + p] = number(base + p);
    }
  }
}
