// Convolution and its two gradients as the textbook writes them: one invocation an element of
// the result, scalars in PyTorch's order. Slow, and what every other variant has to equal.
//
//   Y[n][k][o][p][q] = b[k] + sum over c, t, r, s of W[k][c][t][r][s] * X[n][c][z][y][x]
//   where z = o * stride_z + t - pad_z, likewise y from p and r and x from q and s, and X is zero
//   outside.
//
// Every product W * X of this sum takes part in both gradients: dX is the sum of W * dY over the
// products in which that X occurs, dW the sum of X * dY over those of that W.

const LANES: u32 = 64u;

struct Params {
  // X is [images][channels][depth][height][width].
  images: u32,
  channels: u32,
  depth: u32,
  height: u32,
  width: u32,
  // Y is [images][out_channels][out_depth][out_height][out_width].
  out_channels: u32,
  out_depth: u32,
  out_height: u32,
  out_width: u32,
  // W is [out_channels][channels][kernel_depth][kernel_height][kernel_width].
  kernel_depth: u32,
  kernel_height: u32,
  kernel_width: u32,
  // Pixels of X from one pixel of Y to the next, and zeros on each side of X.
  stride_z: u32,
  stride_y: u32,
  stride_x: u32,
  pad_z: u32,
  pad_y: u32,
  pad_x: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> input: array<f32>;
@group(0) @binding(2) var<storage, read> weights: array<f32>;
@group(0) @binding(3) var<storage, read> bias: array<f32>;
@group(0) @binding(4) var<storage, read> out_gradient: array<f32>;
@group(0) @binding(5) var<storage, read_write> result: array<f32>;

fn in_size() -> vec3u {
  return vec3u(params.depth, params.height, params.width);
}

fn out_size() -> vec3u {
  return vec3u(params.out_depth, params.out_height, params.out_width);
}

fn kernel_size() -> vec3u {
  return vec3u(params.kernel_depth, params.kernel_height, params.kernel_width);
}

fn stride() -> vec3u {
  return vec3u(params.stride_z, params.stride_y, params.stride_x);
}

fn padding() -> vec3u {
  return vec3u(params.pad_z, params.pad_y, params.pad_x);
}

// Element (i, j, place) of an array [...][count][size], place being (z, y, x).
fn element_at(i: u32, j: u32, count: u32, place: vec3u, size: vec3u) -> u32 {
  return (((i * count + j) * size.x + place.x) * size.y + place.y) * size.z + place.z;
}

// (z, y, x) of an element of an array [...][size].
fn place_of(element: u32, size: vec3u) -> vec3u {
  return vec3u(element / size.z / size.y % size.x, element / size.z % size.y, element % size.z);
}

// Whether `place` is in an array of this size: u32 has no negative numbers, they turn into very
// large ones.
fn is_inside(place: vec3u, size: vec3u) -> bool {
  return all(place < size);
}

// Y. An invocation computes Y[n][k][o][p][q].
@compute @workgroup_size(LANES)
fn forward(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) workgroups: vec3u) {
  let element = id.y * workgroups.x * LANES + id.x;
  if (element >= arrayLength(&result)) {
    return;
  }
  let place = place_of(element, out_size());
  let map = element / params.out_width / params.out_height / params.out_depth;
  let k = map % params.out_channels;
  let n = map / params.out_channels;
  let size = kernel_size();
  let taps = size.x * size.y * size.z;
  var sum = bias[k];
  for (var c = 0u; c < params.channels; c++) {
    for (var tap = 0u; tap < taps; tap++) {
      let at = place * stride() + place_of(tap, size) - padding();
      if (is_inside(at, in_size())) {
        sum += weights[(k * params.channels + c) * taps + tap] *
          input[element_at(n, c, params.channels, at, in_size())];
      }
    }
  }
  result[element] = sum;
}

// dX. An invocation computes dX[n][c][z][y][x]: for every tap it finds the pixel of Y, if any, that
// this tap connects with (z, y, x).
@compute @workgroup_size(LANES)
fn backward_data(
  @builtin(global_invocation_id) id: vec3u,
  @builtin(num_workgroups) workgroups: vec3u,
) {
  let element = id.y * workgroups.x * LANES + id.x;
  if (element >= arrayLength(&result)) {
    return;
  }
  let place = place_of(element, in_size());
  let map = element / params.width / params.height / params.depth;
  let c = map % params.channels;
  let n = map / params.channels;
  let size = kernel_size();
  let taps = size.x * size.y * size.z;
  var sum = 0.0;
  for (var k = 0u; k < params.out_channels; k++) {
    for (var tap = 0u; tap < taps; tap++) {
      // The pixel of Y times the strides, if it is a multiple of them.
      let strided = place + padding() - place_of(tap, size);
      let at = strided / stride();
      if (all(at * stride() == strided) && is_inside(at, out_size())) {
        sum += weights[(k * params.channels + c) * taps + tap] *
          out_gradient[element_at(n, k, params.out_channels, at, out_size())];
      }
    }
  }
  result[element] = sum;
}

// dW. An invocation computes dW[k][c][t][r][s].
@compute @workgroup_size(LANES)
fn backward_weights(
  @builtin(global_invocation_id) id: vec3u,
  @builtin(num_workgroups) workgroups: vec3u,
) {
  let element = id.y * workgroups.x * LANES + id.x;
  if (element >= arrayLength(&result)) {
    return;
  }
  let size = kernel_size();
  let tap = place_of(element, size);
  let pair = element / size.z / size.y / size.x;
  let c = pair % params.channels;
  let k = pair / params.channels;
  let pixels = params.out_depth * params.out_height * params.out_width;
  var sum = 0.0;
  for (var n = 0u; n < params.images; n++) {
    for (var pixel = 0u; pixel < pixels; pixel++) {
      let at = place_of(pixel, out_size()) * stride() + tap - padding();
      if (is_inside(at, in_size())) {
        sum += out_gradient[(n * params.out_channels + k) * pixels + pixel] *
          input[element_at(n, c, params.channels, at, in_size())];
      }
    }
  }
  result[element] = sum;
}
