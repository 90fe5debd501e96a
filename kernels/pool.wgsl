// Pooling over [N][BLOCKS][D][H][W] vec4f; an image has one plane. Grid: chunks of pixels, channel
// blocks, images.

// Invocations of a workgroup, and pixels that it handles.
const LANES: u32 = 16u;
const CHUNK: u32 = 16u;
const CHANNELS: u32 = 4u;
const IN_DEPTH: u32 = 1u;
const IN_HEIGHT: u32 = 8u;
const IN_WIDTH: u32 = 8u;
const OUT_DEPTH: u32 = 1u;
const OUT_HEIGHT: u32 = 4u;
const OUT_WIDTH: u32 = 4u;
const KERNEL_DEPTH: u32 = 1u;
const KERNEL_HEIGHT: u32 = 2u;
const KERNEL_WIDTH: u32 = 2u;
const STRIDE_DEPTH: u32 = 1u;
const STRIDE_HEIGHT: u32 = 2u;
const STRIDE_WIDTH: u32 = 2u;
// Padding before the first plane, row and column; what lies beyond the last follows from the sizes.
const PAD_FRONT: u32 = 0u;
const PAD_TOP: u32 = 0u;
const PAD_LEFT: u32 = 0u;
// Padding counts as zero in the maximum (ClinicaDL's PadMaxPool) rather than as minus infinity.
const ZERO_PADDED: bool = false;
// max_forward: the maximum is of max(0, (x - mean) scale + shift).
const NORMALISED: bool = false;
// max_forward writes the position of each maximum.
const KEEP_POSITIONS: bool = true;

const BLOCKS: u32 = (CHANNELS + 3u) / 4u;
const IN_PLANE: u32 = IN_HEIGHT * IN_WIDTH;
const OUT_PLANE: u32 = OUT_HEIGHT * OUT_WIDTH;
const IN_PIXELS: u32 = IN_DEPTH * IN_PLANE;
const OUT_PIXELS: u32 = OUT_DEPTH * OUT_PLANE;
// Windows along each axis that cover a pixel, at most.
const COVERING_DEPTH: u32 = (KERNEL_DEPTH + STRIDE_DEPTH - 1u) / STRIDE_DEPTH;
const COVERING_HEIGHT: u32 = (KERNEL_HEIGHT + STRIDE_HEIGHT - 1u) / STRIDE_HEIGHT;
const COVERING_WIDTH: u32 = (KERNEL_WIDTH + STRIDE_WIDTH - 1u) / STRIDE_WIDTH;
// Position of a maximum that is padding, and of one that is not found yet.
const PADDING: f32 = -1.0;
const NONE: f32 = -2.0;

// texels
@group(0) @binding(0) var<storage, read> x: array<vec4f>;
@group(0) @binding(1) var<storage, read_write> y: array<vec4f>;
// Position of each maximum in its window, in order z, y, x.
@group(0) @binding(2) var<storage, read_write> positions_out: array<vec4f>;
// texels
@group(0) @binding(3) var<storage, read> positions_in: array<vec4f>;
// texels
@group(0) @binding(4) var<storage, read> dy: array<vec4f>;
@group(0) @binding(5) var<storage, read_write> dx: array<vec4f>;
// As batch_norm/moments.wgsl leaves them.
// texels
@group(0) @binding(6) var<storage, read> moments: array<vec4f>;

fn is_nan(v: vec4f) -> vec4<bool> {
  return (bitcast<vec4u>(v) & vec4u(0x7fffffffu)) > vec4u(0x7f800000u);
}

// The first maximum in order z, y, x wins; a NaN wins over everything.
@compute @workgroup_size(LANES)
fn max_forward(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let channels = group.z * BLOCKS + group.y;
  var mean = vec4f();
  var scale = vec4f();
  var shift = vec4f();
  if (NORMALISED) {
    mean = moments[group.y];
    scale = moments[2u * BLOCKS + group.y];
    shift = moments[3u * BLOCKS + group.y];
  }
  let end = min(group.x * CHUNK + CHUNK, OUT_PIXELS);
  for (var p = group.x * CHUNK + lane; p < end; p += LANES) {
    let front = i32(p / OUT_PLANE * STRIDE_DEPTH) - i32(PAD_FRONT);
    let top = i32(p % OUT_PLANE / OUT_WIDTH * STRIDE_HEIGHT) - i32(PAD_TOP);
    let left = i32(p % OUT_WIDTH * STRIDE_WIDTH) - i32(PAD_LEFT);
    var best = vec4f(-3.40282346e38);
    var best_at = vec4f(NONE);
    // unroll
    for (var t = 0u; t < KERNEL_DEPTH; t++) {
      let plane = front + i32(t);
      let plane_inside = plane >= 0 && plane < i32(IN_DEPTH);
      for (var r = 0u; r < KERNEL_HEIGHT; r++) {
        for (var s = 0u; s < KERNEL_WIDTH; s++) {
          let row = top + i32(r);
          let column = left + i32(s);
          let inside = plane_inside && row >= 0 && row < i32(IN_HEIGHT) && column >= 0 &&
            column < i32(IN_WIDTH);
          if (inside) {
            var v = x[
              channels * IN_PIXELS + u32(plane) * IN_PLANE + u32(row) * IN_WIDTH + u32(column)
            ];
            if (NORMALISED) {
              v = (v - mean) * scale + shift;
              v = select(v, vec4f(0.0), v <= vec4f(0.0));
            }
            let wins = (v > best) | is_nan(v) | ((best_at == vec4f(NONE)) & (v >= best));
            best = select(best, v, wins);
            let position = (t * KERNEL_HEIGHT + r) * KERNEL_WIDTH + s;
            best_at = select(best_at, vec4f(f32(position)), wins);
          } else {
            if (ZERO_PADDED) {
              let wins = vec4f(0.0) > best;
              best = select(best, vec4f(0.0), wins);
              best_at = select(best_at, vec4f(PADDING), wins);
            }
          }
        }
      }
    }
    let at = channels * OUT_PIXELS + p;
    y[at] = best;
    if (KEEP_POSITIONS) {
      positions_out[at] = best_at;
    }
  }
}

// Each input pixel gathers from the windows that cover it, so no two invocations write one place.
@compute @workgroup_size(LANES)
fn max_backward(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let channels = group.z * BLOCKS + group.y;
  let end = min(group.x * CHUNK + CHUNK, IN_PIXELS);
  for (var p = group.x * CHUNK + lane; p < end; p += LANES) {
    let plane = p / IN_PLANE + PAD_FRONT;
    let row = p % IN_PLANE / IN_WIDTH + PAD_TOP;
    let column = p % IN_WIDTH + PAD_LEFT;
    let last_plane = min(plane / STRIDE_DEPTH, OUT_DEPTH - 1u);
    let last_row = min(row / STRIDE_HEIGHT, OUT_HEIGHT - 1u);
    let last_column = min(column / STRIDE_WIDTH, OUT_WIDTH - 1u);
    var sum = vec4f(0.0);
    // unroll
    for (var c = 0u; c < COVERING_DEPTH; c++) {
      for (var a = 0u; a < COVERING_HEIGHT; a++) {
        for (var b = 0u; b < COVERING_WIDTH; b++) {
          if (c <= last_plane && a <= last_row && b <= last_column) {
            let out_plane = last_plane - c;
            let out_row = last_row - a;
            let out_column = last_column - b;
            let t = plane - out_plane * STRIDE_DEPTH;
            let r = row - out_row * STRIDE_HEIGHT;
            let s = column - out_column * STRIDE_WIDTH;
            if (t < KERNEL_DEPTH && r < KERNEL_HEIGHT && s < KERNEL_WIDTH) {
              let at = channels * OUT_PIXELS + out_plane * OUT_PLANE + out_row * OUT_WIDTH +
                out_column;
              let position = f32((t * KERNEL_HEIGHT + r) * KERNEL_WIDTH + s);
              sum += select(vec4f(0.0), dy[at], positions_in[at] == vec4f(position));
            }
          }
        }
      }
    }
    dx[channels * IN_PIXELS + p] = sum;
  }
}

// The gradient of an unpooling: dy at the position of each maximum, 0 where that is padding.
@compute @workgroup_size(LANES)
fn unpool_backward(
  @builtin(workgroup_id) group: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let channels = group.z * BLOCKS + group.y;
  let end = min(group.x * CHUNK + CHUNK, OUT_PIXELS);
  for (var p = group.x * CHUNK + lane; p < end; p += LANES) {
    let at = channels * OUT_PIXELS + p;
    // Numbers before the first plane, row and column turn into very large ones.
    let front = p / OUT_PLANE * STRIDE_DEPTH - PAD_FRONT;
    let top = p % OUT_PLANE / OUT_WIDTH * STRIDE_HEIGHT - PAD_TOP;
    let left = p % OUT_WIDTH * STRIDE_WIDTH - PAD_LEFT;
    let chosen = positions_in[at];
    var taken = vec4f(0.0);
    // unroll
    for (var t = 0u; t < KERNEL_DEPTH; t++) {
      for (var r = 0u; r < KERNEL_HEIGHT; r++) {
        for (var s = 0u; s < KERNEL_WIDTH; s++) {
          let plane = front + t;
          let row = top + r;
          let column = left + s;
          if (plane < IN_DEPTH && row < IN_HEIGHT && column < IN_WIDTH) {
            let value = dy[channels * IN_PIXELS + plane * IN_PLANE + row * IN_WIDTH + column];
            let position = f32((t * KERNEL_HEIGHT + r) * KERNEL_WIDTH + s);
            taken = select(taken, value, chosen == vec4f(position));
          }
        }
      }
    }
    dx[at] = taken;
  }
}

// A cell of an adaptive average covers inputs floor(i * in / out) to ceil((i + 1) * in / out) of an
// axis, and an input is covered by cells likewise, with the sizes exchanged.
fn first_covered(i: u32, from_size: u32, to_size: u32) -> u32 { return i * to_size / from_size; }
fn end_covered(i: u32, from_size: u32, to_size: u32) -> u32 {
  return ((i + 1u) * to_size + from_size - 1u) / from_size;
}
fn covered(i: u32, from_size: u32, to_size: u32) -> u32 {
  return end_covered(i, from_size, to_size) - first_covered(i, from_size, to_size);
}

@compute @workgroup_size(LANES)
fn adaptive_forward(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let item = (group.y * groups.x + group.x) * LANES + lane;
  let channels = item / OUT_PIXELS;
  let plane = item % OUT_PIXELS / OUT_PLANE;
  let row = item % OUT_PLANE / OUT_WIDTH;
  let column = item % OUT_WIDTH;
  if (item >= arrayLength(&y)) { return; }
  let front = first_covered(plane, OUT_DEPTH, IN_DEPTH);
  let back = end_covered(plane, OUT_DEPTH, IN_DEPTH);
  let top = first_covered(row, OUT_HEIGHT, IN_HEIGHT);
  let bottom = end_covered(row, OUT_HEIGHT, IN_HEIGHT);
  let left = first_covered(column, OUT_WIDTH, IN_WIDTH);
  let right = end_covered(column, OUT_WIDTH, IN_WIDTH);
  var sum = vec4f(0.0);
  for (var t = front; t < back; t++) {
    for (var r = top; r < bottom; r++) {
      for (var s = left; s < right; s++) {
        sum += x[channels * IN_PIXELS + t * IN_PLANE + r * IN_WIDTH + s];
      }
    }
  }
  y[item] = sum / f32((back - front) * (bottom - top) * (right - left));
}

@compute @workgroup_size(LANES)
fn adaptive_backward(
  @builtin(workgroup_id) group: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let channels = group.z * BLOCKS + group.y;
  let end = min(group.x * CHUNK + CHUNK, IN_PIXELS);
  for (var p = group.x * CHUNK + lane; p < end; p += LANES) {
    let plane = p / IN_PLANE;
    let row = p % IN_PLANE / IN_WIDTH;
    let column = p % IN_WIDTH;
    var sum = vec4f(0.0);
    // Outputs that cover this input.
    let front = first_covered(plane, IN_DEPTH, OUT_DEPTH);
    let back = end_covered(plane, IN_DEPTH, OUT_DEPTH);
    let top = first_covered(row, IN_HEIGHT, OUT_HEIGHT);
    let bottom = end_covered(row, IN_HEIGHT, OUT_HEIGHT);
    let left = first_covered(column, IN_WIDTH, OUT_WIDTH);
    let right = end_covered(column, IN_WIDTH, OUT_WIDTH);
    for (var c = front; c < back; c++) {
      let planes = covered(c, OUT_DEPTH, IN_DEPTH);
      for (var a = top; a < bottom; a++) {
        let rows = covered(a, OUT_HEIGHT, IN_HEIGHT);
        for (var b = left; b < right; b++) {
          let columns = covered(b, OUT_WIDTH, IN_WIDTH);
          let at = channels * OUT_PIXELS + c * OUT_PLANE + a * OUT_WIDTH + b;
          sum += dy[at] / f32(planes * rows * columns);
        }
      }
    }
    dx[channels * IN_PIXELS + p] = sum;
  }
}
