// One update of all parameters, with PyTorch's definitions. Parameters, gradients and both moments
// are flat and have the same offsets; tensors are aligned to 64 floats, so a block of 16 vectors
// belongs to one tensor. Scalars that depend on the number of the update, t, come from the host.
//
// Moments below the least normal float are stored as zero, which PyTorch does not do: the moments
// of a weight whose gradient stays zero would otherwise become denormal after some 740 updates and
// remain so, and arithmetic on denormals takes a processor many times as long. With the default
// epsilons no step of a weight differs by more than rate * 1e-28, or one rounding.

struct Params {
  // Step size, by the schedule.
  rate: f32,
  weight_decay: f32,
  // Smoothing of the first moment; the momentum of MOMENTUM.
  beta1: f32,
  // Smoothing of the second moment, and of ADADELTA's first one.
  beta2: f32,
  epsilon: f32,
  // 1 - beta1 and 1 - beta2, rounded once.
  one_minus_beta1: f32,
  one_minus_beta2: f32,
  // rate / (1 - beta1^t): the step along the first moment, free of its bias.
  moment_rate: f32,
  // sqrt(1 - beta2^t): the bias of the second moment's root.
  root_bias: f32,
  // NADAM's steps along the gradient, rate (1 - mu_t) / (1 - mu_1 ... mu_t), and along the first
  // moment, rate mu_(t+1) / (1 - mu_1 ... mu_(t+1)), with mu_t = beta1 (1 - 0.96^(t / 250) / 2).
  nadam_gradient_rate: f32,
  nadam_moment_rate: f32,
  // RADAM's rectification times root_bias; 0 while the variance cannot be rectified.
  rectification: f32,
}

// Invocations of a workgroup, and vectors that each handles.
const LANES: u32 = 16u;
const PER_LANE: u32 = 4u;
// Vectors of the flat buffers.
const VECTORS: u32 = 64u;

const DESCENT: u32 = 0u;
const MOMENTUM: u32 = 1u;
const ADAM: u32 = 2u;
const RMSPROP: u32 = 3u;
const ADAGRAD: u32 = 4u;
const ADADELTA: u32 = 5u;
const ADAMAX: u32 = 6u;
const NADAM: u32 = 7u;
const RADAM: u32 = 8u;
const RULE: u32 = DESCENT;

const NESTEROV: bool = false;
// Weight decay apart from the gradient (AdamW).
const DECOUPLED: bool = false;
// Tensors whose flag is 0 stay as they are.
const FROZEN: bool = false;
// Gradients are multiplied by SCALE, a power of two.
const SCALED: bool = false;
const SCALE: f32 = 1.0;
// Gradients are scaled so that their norm is at most MAXIMUM.
const CLIPPED: bool = false;
const MAXIMUM: f32 = 1.0;
// Workgroups of the first pass over the gradients' squares.
const PARTS: u32 = 1u;

// texels
@group(0) @binding(0) var<storage, read_write> parameters: array<vec4f>;
// texels
@group(0) @binding(1) var<storage, read> gradients: array<vec4f>;
// texels
@group(0) @binding(2) var<storage, read_write> moment1: array<vec4f>;
// texels
@group(0) @binding(3) var<storage, read_write> moment2: array<vec4f>;
@group(0) @binding(4) var<storage, read> trainable: array<u32>;
// [PARTS] sums of squared gradients.
@group(0) @binding(5) var<storage, read_write> squares_out: array<f32>;
@group(0) @binding(6) var<storage, read> squares_in: array<f32>;
@group(0) @binding(7) var<storage, read_write> norm_out: array<f32>;
@group(0) @binding(8) var<storage, read> norm_in: array<f32>;
@group(0) @binding(9) var<uniform> params: Params;

var<workgroup> shared_squares: array<f32, LANES>;

fn is_frozen(at: u32) -> bool {
  if (FROZEN) { return trainable[at / 16u] == 0u; }
  return false;
}

// Sum of a value over the workgroup, for its first invocation.
fn workgroup_sum(value: f32, lane: u32) -> f32 {
  shared_squares[lane] = value;
  workgroupBarrier();
  for (var stride = LANES / 2u; stride > 0u; stride /= 2u) {
    if (lane < stride) { shared_squares[lane] += shared_squares[lane + stride]; }
    workgroupBarrier();
  }
  return shared_squares[0];
}

@compute @workgroup_size(LANES)
fn sum_squares(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let part = group.y * groups.x + group.x;
  let first = part * LANES * PER_LANE + lane;
  let end = min(first + PER_LANE * LANES, VECTORS);
  var sum = 0.0;
  for (var at = first; at < end; at += LANES) {
    if (!is_frozen(at)) { sum += dot(gradients[at], gradients[at]); }
  }
  let total = workgroup_sum(sum, lane);
  if (lane == 0u && part < PARTS) { squares_out[part] = total; }
}

@compute @workgroup_size(LANES)
fn norm_of_squares(@builtin(local_invocation_index) lane: u32) {
  var sum = 0.0;
  for (var part = lane; part < PARTS; part += LANES) { sum += squares_in[part]; }
  var norm = sqrt(workgroup_sum(sum, lane));
  if (SCALED) { norm *= SCALE; }
  if (lane == 0u) { norm_out[0] = norm; }
}

// Gradient after clipping and, unless the decay is decoupled, with the L2 term.
fn gradient_at(at: u32, parameter: vec4f) -> vec4f {
  var g = gradients[at];
  if (SCALED) { g *= SCALE; }
  if (CLIPPED) { g *= min(1.0, MAXIMUM / (norm_in[0] + 1e-6)); }
  if (!DECOUPLED) { g += params.weight_decay * parameter; }
  return g;
}

const LEAST_NORMAL: f32 = 1.17549435e-38;

// Zero instead of denormal numbers. NaN stays.
fn flush(moment: vec4f) -> vec4f {
  return select(moment, vec4f(), abs(moment) < vec4f(LEAST_NORMAL));
}

// Running means of the gradient and of its square.
fn smooth1(at: u32, g: vec4f) -> vec4f {
  return flush(params.beta1 * moment1[at] + params.one_minus_beta1 * g);
}
fn smooth2(at: u32, g: vec4f) -> vec4f {
  return flush(params.beta2 * moment2[at] + params.one_minus_beta2 * g * g);
}

@compute @workgroup_size(LANES)
fn update(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let first = (group.y * groups.x + group.x) * LANES * PER_LANE + lane;
  let end = min(first + PER_LANE * LANES, VECTORS);
  for (var at = first; at < end; at += LANES) {
    if (is_frozen(at)) { continue; }
    let p = parameters[at];
    let g = gradient_at(at, p);
    if (RULE == DESCENT) {
      parameters[at] = p - params.rate * g;
    } else if (RULE == MOMENTUM) {
      let velocity = flush(params.beta1 * moment1[at] + g);
      moment1[at] = velocity;
      if (NESTEROV) {
        parameters[at] = p - params.rate * (g + params.beta1 * velocity);
      } else {
        parameters[at] = p - params.rate * velocity;
      }
    } else if (RULE == ADAM) {
      let m = smooth1(at, g);
      let v = smooth2(at, g);
      moment1[at] = m;
      moment2[at] = v;
      var decayed = p;
      if (DECOUPLED) { decayed *= 1.0 - params.rate * params.weight_decay; }
      parameters[at] = decayed -
        params.moment_rate * m / (sqrt(v) / params.root_bias + params.epsilon);
    } else if (RULE == RMSPROP) {
      let v = smooth2(at, g);
      moment2[at] = v;
      parameters[at] = p - params.rate * g / (sqrt(v) + params.epsilon);
    } else if (RULE == ADAGRAD) {
      let v = flush(moment2[at] + g * g);
      moment2[at] = v;
      parameters[at] = p - params.rate * g / (sqrt(v) + params.epsilon);
    } else if (RULE == ADADELTA) {
      // moment1: running mean of the squared steps.
      let v = smooth2(at, g);
      let d = sqrt(moment1[at] + params.epsilon) / sqrt(v + params.epsilon) * g;
      moment2[at] = v;
      moment1[at] = flush(params.beta2 * moment1[at] + params.one_minus_beta2 * d * d);
      parameters[at] = p - params.rate * d;
    } else if (RULE == ADAMAX) {
      // moment2: decaying maximum of the gradient's size.
      let m = smooth1(at, g);
      let u = max(params.beta2 * moment2[at], abs(g) + params.epsilon);
      moment1[at] = m;
      moment2[at] = u;
      parameters[at] = p - params.moment_rate * m / u;
    } else if (RULE == NADAM) {
      let m = smooth1(at, g);
      let v = smooth2(at, g);
      moment1[at] = m;
      moment2[at] = v;
      parameters[at] = p - (params.nadam_gradient_rate * g + params.nadam_moment_rate * m) /
        (sqrt(v) / params.root_bias + params.epsilon);
    } else if (RULE == RADAM) {
      let m = smooth1(at, g);
      let v = smooth2(at, g);
      moment1[at] = m;
      moment2[at] = v;
      var adaptive = vec4f(1.0);
      if (params.rectification > 0.0) {
        adaptive = params.rectification / (sqrt(v) + params.epsilon);
      }
      parameters[at] = p - params.moment_rate * m * adaptive;
    }
  }
}
